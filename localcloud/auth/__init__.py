"""A project's keys and its Auth API."""

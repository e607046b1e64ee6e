"""Watches an environment: errors and latency of its functions against the hour before, its services, its database."""

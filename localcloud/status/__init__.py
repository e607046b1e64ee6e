"""The local cloud's page for people: what is in it, live, in the browser."""

"""The release itself: what the backend's sources are, what is live, what has to run, and the commands that run it."""

"""What git runs during a push."""

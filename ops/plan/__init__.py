"""What a preview would do, told to whoever reviews it."""

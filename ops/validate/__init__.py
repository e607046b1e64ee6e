"""What a release is held to in the environment that validates, besides its smoke tests."""

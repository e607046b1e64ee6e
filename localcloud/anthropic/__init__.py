"""The Anthropic API's stand-in."""

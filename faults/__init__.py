"""The fault matrix: one release after another, each disturbed in another way, each held against what was promised."""

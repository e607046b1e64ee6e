"""Local development: one project made of the work tree, which follows each save."""

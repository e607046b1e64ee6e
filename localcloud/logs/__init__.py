"""What the projects' services logged: kept for a while, and asked with SQL."""

"""The databases of the local cloud: one real PostgreSQL per project, behind one pooler."""

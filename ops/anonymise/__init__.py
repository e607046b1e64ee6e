"""Production's data in staging, anonymised."""

"""The emulated Supabase Management API: organisations, projects, keys, secrets, settings, SQL."""

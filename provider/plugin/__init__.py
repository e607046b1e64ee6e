"""The plugin process: translates the engine's calls into calls of the Supabase Management API."""

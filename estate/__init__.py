"""What GitHub and Supabase should look like for a stack's settings: frozen facts, without pulumi and network."""

"""The `supabase` Pulumi provider: the plugin the engine starts, and the classes that a program declares."""

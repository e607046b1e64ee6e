"""The embedded cloud: GitHub and Supabase on loopback, held to their public contracts."""

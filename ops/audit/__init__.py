"""The drift audit: what GitHub and Supabase hold, against what the stacks declare. Fetching is apart from comparing."""

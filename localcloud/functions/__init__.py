"""Edge Functions: deploying, keeping, running and calling them."""

"""GitHub on loopback: REST and GraphQL over kept state and real bare git repositories."""

"""One entity each: turns facts of the estate and the release plan into resources, with no logic beyond that."""

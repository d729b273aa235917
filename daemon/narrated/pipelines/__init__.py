"""For Python: engines as callables, in the caller's own process."""

"""The ledger (jobs, sources, takes) and the take cache."""

"""Child processes that keep engines warm, and whose chunks they take next."""

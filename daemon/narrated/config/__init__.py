"""What the daemon is told: one strict YAML file, and what follows from it."""

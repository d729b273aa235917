"""What the command line asks, of the daemon or of its state, and how things look."""

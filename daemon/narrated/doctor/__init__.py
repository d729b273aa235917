"""What may keep the daemon from its work on this box, and the command that mends it."""

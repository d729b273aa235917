"""The doctor: checks this machine for problems, each with the command that mends it."""

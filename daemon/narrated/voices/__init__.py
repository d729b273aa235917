"""The user's own voices: what is given is seen to be one, and put where the engines look."""

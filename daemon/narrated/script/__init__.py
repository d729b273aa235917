"""A Document becomes a Script: what is said, every pause, and the chunks an engine speaks."""

"""The daemon as a whole: its parts, its jobs under way, and whoever asks it something."""

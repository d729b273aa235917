"""The daemon as a whole: its parts, its jobs under way, and the requests of its clients."""

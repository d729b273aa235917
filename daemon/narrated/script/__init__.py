"""Turn a Document into a Script: its lines, pauses, skips, and chunks for an engine."""

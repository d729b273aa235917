"""Adds voices of the user's own: detects their kind, and installs them for the engines."""

"""Periodic duties of a running daemon, one a module."""

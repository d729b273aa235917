"""Finished sound and notes, published whole or not at all."""

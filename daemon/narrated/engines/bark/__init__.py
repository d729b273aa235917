"""Bark: its three stages driven by our own loops over transformers' modules."""

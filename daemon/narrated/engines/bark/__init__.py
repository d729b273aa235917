"""Bark: transformers' modules, with narrated's own loops for its stages."""

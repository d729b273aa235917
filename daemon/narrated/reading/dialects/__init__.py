"""Dialects of Markdown, one a file: each extends the parser. registry.py lists them."""

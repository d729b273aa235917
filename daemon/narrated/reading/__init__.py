"""A file becomes a Document of blocks: one module a format."""

"""Reads files into Documents of blocks, one module a format."""

"""Installs the code of engines whose own pins exclude narrated's libraries."""

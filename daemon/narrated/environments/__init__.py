"""Installs the libraries of engines, also those whose own pins exclude narrated's."""

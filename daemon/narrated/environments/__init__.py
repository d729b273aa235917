"""Environments: where the code of an engine is installed that our requirements cannot name."""

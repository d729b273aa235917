"""Serves what is published in the outbox over HTTP: `narrated serve`, a process of its own."""

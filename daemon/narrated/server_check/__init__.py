"""Checks a podcast on its server, by the answers that players get. The only network is here."""

"""VITS, and Meta's MMS of the same kind: small voices in a thousand languages, by transformers."""

"""Normalise English: numbers, signs, names and addresses in words, by tables of rules."""

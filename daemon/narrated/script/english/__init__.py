"""How English is said: numbers, signs, names and addresses in words, as tables of patterns."""

"""Checks of takes: the faults of a spoken chunk, by its sound and by what a model hears in it."""

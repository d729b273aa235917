"""Pocket TTS: a voice of 90 million parameters that clones others, made for a CPU."""

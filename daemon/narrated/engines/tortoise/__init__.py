"""Tortoise, from a text and a speaker's latents to samples."""

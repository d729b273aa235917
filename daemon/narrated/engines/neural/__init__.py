"""Shared parts of the neural engines: devices, models, sampling, and stages."""

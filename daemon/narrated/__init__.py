"""narrated reads dropped texts and pictures aloud, on your own machine."""

__version__ = "0.1.0"

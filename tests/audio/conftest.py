"""Fixtures of published sound."""

from support.sound import cover, file, outbox, sample_rate, small_disk, speech

__all__ = ["cover", "file", "outbox", "sample_rate", "small_disk", "speech"]

"""Fixtures of published sound."""

from support.sound import cover, ebur128, file, outbox, sample_rate, small_disk, speech

__all__ = ["cover", "ebur128", "file", "outbox", "sample_rate", "small_disk", "speech"]

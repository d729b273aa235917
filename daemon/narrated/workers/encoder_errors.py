"""Errors of encoders: crashes, and children that cannot be started."""

from narrated.audio.encoder_requests import LevelCorrection
from narrated.errors import NarratedError, StorageError
from narrated.workers.child import START_REMEDY


class EncoderCrashed(NarratedError):
    """The encoder died, or was killed, while it worked on this request."""


class NarrationLost(NarratedError):
    """The encoder that wrote this narration has ended: it must be written again."""


class LoudnessMissed(NarratedError):
    """A narration missed its loudness or peak, and is discarded: it must be written again."""

    def __init__(self, lufs: float, peak_dbtp: float, correction: LevelCorrection) -> None:
        super().__init__(f"It came out at {lufs:.1f} LUFS and {peak_dbtp:.1f} dBTP.")
        self.correction = correction
        """The correction that hits the level."""


def crashed_twice(crash: EncoderCrashed) -> NarratedError:
    """The error of a file on which a second encoder crashed."""
    return NarratedError(
        f"The encoder crashed twice on this file: {crash.problem}",
        "Try again with `narrated retry FILE`. If it crashes again, choose another "
        "`audio: format`, and please report this: it is a bug.",
    )


def not_started(why: str) -> StorageError:
    """The error of every file while no encoder can be started."""
    return StorageError(f"The encoder cannot be started: {why}", START_REMEDY)

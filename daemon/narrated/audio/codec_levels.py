"""How far the sound that a codec gives back is from the sound that it was given."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class CodecLevels:
    """The mean change of loudness, and room for the change of peaks."""

    offset_lu: float
    """The decoded sound is so much louder than the written one; negative where it is softer."""
    headroom_db: float
    """Peaks must stay so far below the ceiling that the decoded sound keeps to it."""


_LOSSLESS = CodecLevels(0.0, 0.15)


def codec_levels(format: str, bitrate: int | None, sample_rate: int) -> CodecLevels:
    """Look up a format's levels, by what was measured with `bench/sound.py`."""
    match format:
        case "mp3":
            return CodecLevels(-0.4, 1.5)
        case "opus":
            return CodecLevels(-0.4, 1.5)
        case "ogg" | "m4a":
            return CodecLevels(-0.1, 1.5)
        case _:
            return _LOSSLESS

"""Tells whether a narration of the outbox has sound, as far as a look at its beginning shows."""

from pathlib import PurePath

from narrated.audio.formats import FORMATS
from narrated.outbox.manifest import Manifest, ManifestOutput
from narrated.outbox.untrusted_reads import file_in

MOST_BYTES_A_SECOND = 1 << 20  # ten times as much as WAV has
SPARE_BYTES = 1 << 26  # for the cover, and what else comes beside the sound
_LEAST_BYTES_A_SECOND = {"mp3": 500, "wav": 8000}  # at the lowest bitrate and sample rate
_LEAST_OF_SILENCE = 8  # FLAC stores a second of silence in ten times as much
_BEGINNINGS: dict[str, tuple[tuple[int, bytes], ...]] = {
    "mp3": ((0, b"ID3"), (0, b"\xff")),
    "opus": ((0, b"OggS"),),
    "ogg": ((0, b"OggS"),),
    "m4a": ((4, b"ftyp"),),
    "flac": ((0, b"fLaC"), (0, b"ID3")),
    "wav": ((0, b"RIFF"), (0, b"RF64")),
}
"""The bytes that files of each format begin with, and their offsets."""
_SEEN_BYTES = 8
_FORMATS = {each.suffix: name for name, each in FORMATS.items()}


def most_bytes(duration_s: float) -> float:
    """Return how large all files of a narration of this duration may be together."""
    return SPARE_BYTES + duration_s * MOST_BYTES_A_SECOND


def has_sound(folder: int, manifest: Manifest, where: str) -> bool:
    """True if one output is sound of a known format, of a size that its duration can have.

    `folder` is open, and the outputs have the sizes of the manifest; `where` is its path, for the
    journal. Errors: OSError.
    """
    if sum(each.bytes for each in manifest.outputs) > most_bytes(manifest.duration_s):
        return False
    sounds = [each for each in manifest.outputs if _format(each)]
    if len(sounds) != 1 or manifest.duration_s <= 0:
        return False
    least_a_second = _LEAST_BYTES_A_SECOND.get(_format(sounds[0]), _LEAST_OF_SILENCE)
    is_large = sounds[0].bytes >= manifest.duration_s * least_a_second
    return is_large and _begins_well(folder, sounds[0], where)


def _format(output: ManifestOutput) -> str:
    return _FORMATS.get(PurePath(output.name).suffix, "")


def _begins_well(folder: int, output: ManifestOutput, where: str) -> bool:
    file = file_in(folder, output.name, where)
    if file is None:
        return False
    with file:
        beginning = file.read(_SEEN_BYTES)
    expected = _BEGINNINGS[_format(output)]
    return any(beginning.startswith(sign, offset) for offset, sign in expected)

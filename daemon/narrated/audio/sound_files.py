"""Sound files of the user, told by their suffixes: an intro or outro is one, or a sentence."""

from pathlib import PurePath

SOUND_SUFFIXES = (
    ".aac",
    ".aif",
    ".aiff",
    ".flac",
    ".m4a",
    ".mp3",
    ".oga",
    ".ogg",
    ".opus",
    ".wav",
)


def is_sound_file(named: str) -> bool:
    """True if a text names a sound file, by its suffix; any other text is a sentence."""
    return PurePath(named.strip()).suffix.lower() in SOUND_SUFFIXES

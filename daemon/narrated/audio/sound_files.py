"""Sound files of the user, told by their suffixes: an intro or outro is one, or a sentence."""

from pathlib import PurePath

SOUND_SUFFIXES = (
    ".3gp",
    ".aac",
    ".ac3",
    ".aif",
    ".aifc",
    ".aiff",
    ".amr",
    ".ape",
    ".caf",
    ".flac",
    ".m4a",
    ".m4b",
    ".mka",
    ".mkv",
    ".mp2",
    ".mp3",
    ".mp4",
    ".oga",
    ".ogg",
    ".opus",
    ".tta",
    ".wav",
    ".weba",
    ".webm",
    ".wma",
    ".wv",
)
"""None of them ends an address of the web, as .au and .mov do: a sentence may end with one."""


def is_sound_file(named: str) -> bool:
    """True if a text names a sound file, by its suffix; any other text is a sentence."""
    return PurePath(named.strip()).suffix.lower() in SOUND_SUFFIXES

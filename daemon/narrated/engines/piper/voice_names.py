"""The names of Piper's voices, such as en_US-joe-medium; it imports nothing.

Such a name tells the place of the voice in the repository of all of them.
"""

import re

REPOSITORY = "rhasspy/piper-voices"
"""The repository of the hub with all voices."""
OWNER = "piper"
"""Stands for it in the model folder: each voice is a model of its own, piper/en_US-joe-medium."""
USUAL = "en_US-ljspeech-medium"
"""The voice for those who name none: its recordings are in the public domain."""
WEIGHTS_SUFFIX = ".onnx"
CONFIG_SUFFIX = ".onnx.json"
SPEAKER_SEPARATOR = "#"
"""Between a voice and one of its speakers: en_US-libritts_r-medium#p3922."""

_NAME = re.compile(r"(([a-z]{2,3})_([A-Z]{2}))-(\w+)-(x_low|low|medium|high)", re.ASCII)
_QUALITIES = ("high", "medium", "low", "x_low")
_COUNTRIES = {"en": "US", "pt": "BR", "zh": "CN", "cs": "CZ", "da": "DK", "uk": "UA", "sv": "SE"}


def is_voice_name(name: str) -> bool:
    """True for a name as Piper's own voices have it."""
    return _NAME.fullmatch(name) is not None


def language_tag(name: str) -> str:
    """The language and country of a voice of that name, such as en-US; empty if it tells none."""
    found = _NAME.fullmatch(name.partition(SPEAKER_SEPARATOR)[0])
    return f"{found[2]}-{found[3]}" if found else ""


def hub_folder(name: str) -> str:
    """The folder of a voice in the repository: en/en_US/joe/medium."""
    found = _NAME.fullmatch(name)
    if found is None:
        raise ValueError(name)
    return f"{found[2]}/{found[1]}/{found[4]}/{found[5]}"


def preference(name: str, tag: str, wanted: str) -> tuple[bool, bool, int, str]:
    """Sort key of a voice of a wanted language: its country, the usual one, the best quality."""
    language, _, country = tag.lower().partition("-")
    usual = _COUNTRIES.get(language, language).lower()
    found = _NAME.fullmatch(name)
    quality = _QUALITIES.index(found[5]) if found else len(_QUALITIES)
    return tag.lower() != wanted.lower(), country != usual, quality, name

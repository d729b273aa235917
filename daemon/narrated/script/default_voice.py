"""Chooses the engine and the voice of a speaker where nobody names them.

If nobody names an engine, a voice or an option, the default engine speaks: pico where its wheel is
installed, else espeak. A voice or an option without an engine is espeak's, unless only pico has it:
espeak was the only default once. espeak also speaks the languages that another engine does not.
"""

from collections.abc import Mapping
from functools import cache
from importlib.util import find_spec

import msgspec
from msgspec.structs import replace

from narrated.engines import pico_voices
from narrated.script.language_codes import base_language, is_english
from narrated.script.script import Speaker

PICO, ESPEAK = "pico", "espeak"
_ESPEAKS_ENGLISH = "en-us"
"""espeak itself would choose a British voice."""


class SpeechEngines(msgspec.Struct, frozen=True):
    """The engines that may speak a text."""

    limits: Mapping[str, int]
    """Most characters of a chunk, by the engine's name."""
    languages: Mapping[str, tuple[str, ...]] = {}
    """The languages without countries of each engine that speaks only some."""

    def speaks(self, engine: str, language: str) -> bool:
        """True if an engine speaks a language, as far as one knows without loading it."""
        languages = self.languages.get(engine)
        return not languages or base_language(language) in languages


@cache
def default_engine() -> str:
    """Name the default engine of this interpreter: looks for pico's wheel, and imports nothing."""
    return PICO if find_spec(pico_voices.MODULE) else ESPEAK


def with_engine(speaker: Speaker, default: str) -> Speaker:
    """Name the engine that a voice or an option without one means; leave all other speakers."""
    if speaker.engine or not (speaker.voice or speaker.options):
        return speaker
    is_default = speaker.voice in pico_voices.VOICES if speaker.voice else _is_for_pico(speaker)
    return replace(speaker, engine=default if is_default else ESPEAK)


def with_former_voice(speaker: Speaker) -> Speaker:
    """Give a configured speaker the voice of before `voices_of_languages`.

    espeak then had an American voice where nobody named one, and other engines lost its name.
    """
    if speaker.engine in ("", ESPEAK):
        return replace(speaker, engine=ESPEAK, voice=speaker.voice or _ESPEAKS_ENGLISH)
    return replace(speaker, voice="") if speaker.voice == _ESPEAKS_ENGLISH else speaker


def speaker_in(
    speaker: Speaker,
    language: str,
    engines: SpeechEngines,
    default: str,
    *,
    is_american: bool = True,
) -> Speaker:
    """Give the speaker for a text of this language, with its engine named.

    A voice that somebody named stays. Without one, the default engine, or else espeak, speaks
    instead of an engine that does not speak the language; options of that engine do not go along.
    `is_american`: so is espeak's voice of English where nobody named one.
    """
    engine = named_engine(speaker, default)
    if not speaker.voice and not engines.speaks(engine, language):
        engine = default if engines.speaks(default, language) else ESPEAK
        speaker = Speaker(speed=speaker.speed)
    if is_american and engine == ESPEAK and not speaker.voice and is_english(language):
        return replace(speaker, engine=engine, voice=_ESPEAKS_ENGLISH)
    return replace(speaker, engine=engine)


def named_engine(speaker: Speaker, default: str) -> str:
    """Name the engine of a speaker, whatever the language."""
    return with_engine(speaker, default).engine or default


def _is_for_pico(speaker: Speaker) -> bool:
    return speaker.options.keys() <= pico_voices.OWN_OPTIONS

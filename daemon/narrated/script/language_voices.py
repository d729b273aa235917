"""Chooses the voice of each language: that of a post, and those that its author marked inside.

A language is a speaker: `speech: voices:` configures some, under their names beside the roles. For
others the narrator's engine speaks with its own voice of the language, or else an embedded one.
"""

from collections.abc import Mapping

from msgspec.structs import replace

from narrated.engines import espeak_voices
from narrated.script.default_voice import ESPEAK, SpeechEngines, speaker_in
from narrated.script.language_codes import base_language
from narrated.script.script import ReadingSettings, Speaker

ROLES = ("narrator", "quote", "heading", "caption")
"""Names of speakers that are no languages."""
_MOST_LANGUAGES = 50
"""In one post; no real one has so many, and each is a speaker of its own."""


class LanguageVoices:
    """Chooses the voices of the languages inside a post, and remembers its choices.

    `settings` have the post's language, and its narrator as it speaks.
    """

    def __init__(self, settings: ReadingSettings, engines: SpeechEngines) -> None:
        self._settings = settings
        self._engines = engines
        self._spoken: dict[str, str] = {"": ""}
        self.speakers: dict[str, Speaker] = {}
        """The chosen speakers, by language."""
        self.unvoiced: list[str] = []
        """Languages that no voice speaks: the post's voice reads their words."""

    def spoken_language(self, marked: str) -> str:
        """Give the language that marked words are said in; "" if it is the post's."""
        if marked not in self._spoken:
            self._spoken[marked] = self._choose(marked)
        return self._spoken[marked]

    def _choose(self, language: str) -> str:
        settings = self._settings
        is_own = base_language(language) == base_language(settings.language)
        is_enough = len(self._spoken) > _MOST_LANGUAGES
        if is_own or is_enough or not settings.marked_languages:
            return ""
        named = speaker_for(language, settings.speakers)
        speaker = named or replace(settings.speakers["narrator"], voice="")
        speaker = speaker_in(speaker, language, self._engines, settings.default_engine)
        if named is None and not _speaks(speaker.engine, language):
            self.unvoiced.append(language)
            return ""
        self.speakers[language] = speaker
        return language


def speaker_for(language: str, speakers: Mapping[str, Speaker]) -> Speaker | None:
    """Find the configured speaker of a language: of its tag, its base, or a tag of that base."""
    named = {who.lower(): one for who, one in speakers.items() if who not in ROLES}
    base = base_language(language)
    others = (one for tag, one in named.items() if base_language(tag) == base)
    return named.get(language.lower()) or named.get(base) or next(others, None)


def speakers_as_spoken(settings: ReadingSettings, engines: SpeechEngines) -> dict[str, Speaker]:
    """Give each speaker the engine that really speaks: a role in the settings' language."""
    languages = {who: settings.language if who in ROLES else who for who in settings.speakers}
    return {
        who: speaker_in(
            speaker,
            languages[who],
            engines,
            settings.default_engine,
            is_american=settings.voices_of_languages,
        )
        for who, speaker in settings.speakers.items()
    }


def _speaks(engine: str, language: str) -> bool:
    """True if an engine that was chosen for a language speaks it; espeak is the last resort."""
    return engine != ESPEAK or base_language(language) in espeak_voices.LANGUAGES

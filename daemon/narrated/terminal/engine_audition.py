"""An audition of engines: one paragraph of a post, spoken by each."""

import re
from dataclasses import dataclass
from pathlib import Path

from narrated.config.values import Config
from narrated.config.worker_specs import speech_engines
from narrated.errors import NarratedError, SourceError
from narrated.printable import printable
from narrated.script.script import Draft, Role
from narrated.terminal.daemon_client import DaemonClient

_ENOUGH_CHARACTERS = 80
_MARKUP = re.compile(r"[\\`*_\[\]<>#~|!+-]")


@dataclass(frozen=True, slots=True)
class EngineCandidate:
    """An engine to be heard, with one of its voices or its own choice."""

    engine: str
    voice: str = ""

    @property
    def shown(self) -> str:
        """Its name for people, as they may write it."""
        return f"{self.engine}:{self.voice}" if self.voice else self.engine

    @property
    def stem(self) -> str:
        """The name of its file, without a suffix."""
        return f"{self.engine}-{self.voice}" if self.voice else self.engine

    def speak(self, client: DaemonClient, paragraph: "Paragraph", file: Path) -> float:
        """Speak a paragraph into a file. Returns its length in seconds. Errors: NarratedError."""
        plain = _MARKUP.sub(r"\\\g<0>", paragraph.text)  # what is said is no markup
        text = f"---\nlang: {paragraph.language}\n---\n\n{plain}"
        return client.say(text, self.voice, file, engine=self.engine, suffix=".md")


@dataclass(frozen=True, slots=True)
class Paragraph:
    """A text as it is said, in words."""

    text: str
    language: str


def engine_candidates(config: Config | None, engines: str) -> tuple[EngineCandidate, ...]:
    """The engines of a list such as `pico,piper:en_US-joe-medium`.

    Errors: NarratedError, if one is unknown, or there is none.
    """
    from narrated.config.file import scratch_config

    known = speech_engines(config or scratch_config(None, Path(), Path())).limits
    parts = (each.strip().partition(":") for each in engines.split(","))
    found = tuple(dict.fromkeys(EngineCandidate(name, voice) for name, _, voice in parts if name))
    unknown = [each.engine for each in found if each.engine not in known]
    if unknown or not found:
        raise NarratedError(
            f"There is no engine {printable(unknown[0])} that speaks."
            if unknown
            else "No engine is named.",
            f"Choose of {', '.join(sorted(known))}: --engines NAME,NAME.",
        )
    return found


def ready_engines(config: Config | None) -> str:
    """The engines that can speak here, as a list for `engine_candidates`; it looks at files."""
    from narrated.config.file import unconfigured_models
    from narrated.terminal.engine_list import EngineState, engine_rows
    from narrated.terminal.model_room import model_room

    rows = engine_rows(config, model_room(config.models if config else unconfigured_models()))
    speaking = (row for row in rows if row.does == "speech")
    return ",".join(row.name for row in speaking if row.state is EngineState.READY)


def paragraph_of(draft: Draft, shown: str) -> Paragraph:
    """The first paragraph that is long enough to hear a voice, else the longest line.

    It is what would be said: numbers in words, and the folder's lexicon. Errors: SourceError, if
    nothing would be said.
    """
    lines = draft.script.lines
    paragraphs = [each for each in lines if each.role is Role.PARAGRAPH]
    long = (each for each in paragraphs if len(each.text) >= _ENOUGH_CHARACTERS)
    chosen = next(long, None) or max(
        paragraphs or lines, key=lambda line: len(line.text), default=None
    )
    if chosen is None:
        raise SourceError(f"Nothing of {printable(shown)} would be said.", "Name another post.")
    language = chosen.language or draft.language
    return Paragraph(chosen.text, language)

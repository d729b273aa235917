"""A worker's announcement of an engine: what the daemon knows of it without loading it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from narrated.engines.interface import Kind, Options


@dataclass(frozen=True, slots=True)
class EngineInfo:
    """A worker's announcement of a loaded engine."""

    name: str
    kind: Kind
    identity: str
    """Equal identities give equal results: part of every cache key."""
    sample_rate: int
    """Samples a second that it speaks with; 0 for an engine that does not speak."""
    voices: Mapping[str, str]
    """Digest of each voice's content, by name; empty for an engine that does not speak."""
    rows: int
    """Most requests in flight."""
    varies: bool = True
    """True if it has other takes of a text: see SpeechEngine."""
    front: str = ""
    """The version of its front: see SpeechEngine."""
    narrator_options: Options = field(default_factory=dict)
    """Options of a speaker that sets none of these: see SpeechEngine."""
    languages: Sequence[str] = ()
    """Languages that a hearing engine understands: see HearingEngine."""
    steady_options: Options = field(default_factory=dict)
    """Options of a speaker that sets none of these, for work that nobody watches."""

    @property
    def usual_options(self) -> Options:
        """The options of a speaker that sets none of its own."""
        return {**self.steady_options, **self.narrator_options}

    def hears(self, language: str) -> bool:
        """True if a hearing engine understands a language, such as "en" or "de-AT"."""
        return not self.languages or language.lower().split("-")[0] in self.languages

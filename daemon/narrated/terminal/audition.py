"""Speaks one text with several voices, each into a file of its own."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from narrated.config.file import scratch_config
from narrated.config.values import Config
from narrated.config.worker_specs import all_engines, configured_speakers
from narrated.engines.registry import EngineSpec
from narrated.script.language_codes import base_language
from narrated.terminal.daemon_client import DaemonClient
from narrated.voices.descriptions import describe_voices
from narrated.voices.known_names import known_names

_SAMPLES = {
    "de": "Hallo. So klinge ich, wenn ich dir einen Beitrag vorlese, mit einer Zahl wie 42, und "
    "mit einer Frage am Ende: Soll ich weiterlesen?",
    "en": "Hello. This is how I sound when I read a post to you, with a number such as 42, and a "
    "question at the end: shall I go on?",
    "es": "Hola. Así sueno cuando te leo un artículo, con un número como 42, y con una pregunta al "
    "final: ¿quieres que siga?",
    "fr": "Bonjour. Voici ma voix quand je te lis un article, avec un nombre comme 42, et une "
    "question à la fin : est-ce que je continue ?",
    "it": "Ciao. Questa è la mia voce quando ti leggo un articolo, con un numero come 42, e con "
    "una domanda alla fine: vado avanti?",
}
"""The same sample in the languages of the embedded voices; others speak the English one."""
_OTHERWISE = "en"


@dataclass(frozen=True, slots=True)
class Candidate:
    """A voice of an engine, to be compared with others."""

    engine: str
    voice: str
    language: str
    """The language of its sample, of those that there are."""

    def speak(self, client: DaemonClient, text: str | None, file: Path) -> float:
        """Speak a text, or the sample, into a file. Returns its length in seconds."""
        sample = f"---\nlang: {self.language}\n---\n\n{_SAMPLES[self.language]}"
        suffix = ".md" if text is None else ".txt"
        said = sample if text is None else text
        return client.say(said, self.voice, file, engine=self.engine, suffix=suffix)


def candidates(
    config: Config | None, names: Sequence[str], engine: str | None = None
) -> Iterator[Candidate]:
    """Find the engine of each voice: the one that is named, else the first that has the voice.

    The engine that speaks by default comes first, then the configured ones. A voice that none has
    goes to that first one, which names similar voices.
    """
    config = config or scratch_config(None, Path(), Path())
    default = configured_speakers(config)["narrator"].engine
    specs = [spec for spec in all_engines(config).values() if spec.kind == "speech"]
    specs.sort(key=lambda spec: (spec.name != default, spec.name not in config.engines, spec.name))
    known = {} if engine else {spec.name: known_names(spec, config.models) for spec in specs}
    strange = default if _is_strange(specs[0]) else None
    for name in names:
        having = (each for each, voices in known.items() if name in voices or each == strange)
        speaker = engine or next(having, default)
        yield Candidate(speaker, name, _language_of(name, all_engines(config).get(speaker)))


def _language_of(voice: str, spec: EngineSpec | None) -> str:
    """The language of a voice's sample."""
    code = describe_voices(spec, [voice])[0].code if spec else ""
    language = base_language(code)
    return language if language in _SAMPLES else _OTHERWISE


def _is_strange(spec: EngineSpec) -> bool:
    """True if nobody knows an engine's voices before it is loaded."""
    return not spec.module.startswith("narrated.engines.")

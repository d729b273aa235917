"""Speaks one text with several voices, each into a file of its own."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from narrated.config.file import scratch_config
from narrated.config.values import Config
from narrated.config.worker_specs import all_engines, configured_speakers
from narrated.engines.registry import EngineSpec
from narrated.terminal.daemon_client import DaemonClient
from narrated.voices.known_names import known_names


@dataclass(frozen=True, slots=True)
class Candidate:
    """A voice of an engine, to be compared with others."""

    engine: str
    voice: str

    def speak(self, client: DaemonClient, text: str, file: Path) -> float:
        """Speak a text into a file. Returns its length in seconds.

        A daemon that does not have the engine is not asked.
        """
        if client.is_served and self.engine not in client.probe_engines().engines:
            client = client.without_daemon()
        return client.say(text, self.voice, file, engine=self.engine)


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
        yield Candidate(engine or next(having, default), name)


def _is_strange(spec: EngineSpec) -> bool:
    """True if nobody knows an engine's voices before it is loaded."""
    return not spec.module.startswith("narrated.engines.")

"""Whether the engines answer and have the voices asked for."""

import difflib
from collections.abc import Iterator

from narrated.config.values import Config
from narrated.config.worker_specs import worker_specs
from narrated.doctor.finding import Finding, warning, well, wrong
from narrated.engines.entry_points import installed_engines
from narrated.engines.interface import EngineInfo
from narrated.printable import printable
from narrated.script.script import Speaker
from narrated.workers.engine_probe import EngineProbe
from narrated.workers.pool import WorkerSnapshot


def engines(config: Config, roll: EngineProbe) -> Iterator[Finding]:
    """Judge what the configured workers announced."""
    states = {state.name: state for state in roll.workers}
    for spec in worker_specs(config):
        state = states[spec.name]
        for engine in spec.engines:
            yield _judged(engine.name, state)
    for name, speaker in config.settings.speakers.items():
        if speaker.engine in roll.engines:  # else the finding of the engine says it all
            yield _heard(name, speaker, roll.engines[speaker.engine])
    for name, (problem, remedy) in installed_engines().problems.items():
        yield warning(f"engine {name}", problem, remedy)


def _judged(engine: str, state: WorkerSnapshot) -> Finding:
    if engine in state.engines:
        return well(f"engine {engine}", f"{engine} is loaded and answers.")
    return wrong(
        f"engine {engine}",
        f"{engine} cannot be had: "
        f"{state.missing.get(engine) or state.problem or 'its worker does not answer'}",
        "Mend that, or name another engine in the configuration; its files wait meanwhile.",
    )


def _heard(name: str, speaker: Speaker, engine: EngineInfo) -> Finding:
    """Whether an engine has a speaker's voice; one that lists none takes any, or has but one."""
    finding = f"voice of {name}"
    if not engine.voices or not speaker.voice or speaker.voice in engine.voices:
        return well(finding, f"{engine.name} has the voice {speaker.voice or 'of each language'}.")
    near = difflib.get_close_matches(speaker.voice, engine.voices, n=5, cutoff=0.4)
    key = "speech: voice" if name == "narrator" else f"speech: speakers: {name}: voice"
    return wrong(
        finding,
        f"{engine.name} has no voice '{printable(speaker.voice)}'.",
        f"Name another in `{key}`, such as {', '.join(near or sorted(engine.voices)[:5])}.",
    )

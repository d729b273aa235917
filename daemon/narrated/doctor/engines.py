"""Checks that the engines answer and have the configured voices."""

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


def check_engines(config: Config, probe: EngineProbe) -> Iterator[Finding]:
    """Check each configured engine, and each speaker's voice."""
    workers = {worker.name: worker for worker in probe.workers}
    for spec in worker_specs(config):
        for engine in spec.engines:
            yield _check_engine(engine.name, workers[spec.name])
    for name, speaker in config.settings.speakers.items():
        if speaker.engine in probe.engines:  # else the finding about the engine is enough
            yield _check_voice(name, speaker, probe.engines[speaker.engine])
    for name, (problem, remedy) in installed_engines().problems.items():
        yield warning(f"engine {name}", problem, remedy)


def _check_engine(engine: str, worker: WorkerSnapshot) -> Finding:
    if engine in worker.engines:
        return well(f"engine {engine}", f"{engine} is loaded and answers.")
    return wrong(
        f"engine {engine}",
        f"{engine} is not available: "
        f"{worker.missing.get(engine) or worker.problem or 'its worker does not answer'}",
        "Mend that, or configure another engine. Its files wait until then.",
    )


def _check_voice(name: str, speaker: Speaker, engine: EngineInfo) -> Finding:
    """Check that an engine has a speaker's voice. An engine without a list accepts any."""
    finding = f"voice of {name}"
    if not engine.voices or not speaker.voice or speaker.voice in engine.voices:
        return well(finding, f"{engine.name} has the voice {speaker.voice or 'of each language'}.")
    near = difflib.get_close_matches(speaker.voice, engine.voices, n=5, cutoff=0.4)
    key = "speech: voice" if name == "narrator" else f"speech: speakers: {name}: voice"
    return wrong(
        finding,
        f"{engine.name} has no voice '{printable(speaker.voice)}'.",
        f"Set another in `{key}`, such as {', '.join(near or sorted(engine.voices)[:5])}.",
    )

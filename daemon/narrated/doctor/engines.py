"""Checks that the engines answer, have the configured voices, and fit the memory together."""

import difflib
from collections.abc import Iterator

from narrated.config.values import Config, speaker_key
from narrated.config.worker_specs import configured_speakers
from narrated.doctor.finding import Finding, warning, well, wrong
from narrated.doctor.voice_presence import usual_voice
from narrated.engines.engine_info import EngineInfo
from narrated.engines.model_resources import ModelStatus
from narrated.engines.registry import PIPER, EngineSpec, installed_engines
from narrated.human_formatting import size
from narrated.models.hearing_models import workers_with_ears
from narrated.printable import printable
from narrated.script.script import Speaker
from narrated.workers.pool import EngineProbe, WorkerSnapshot, WorkerState


def check_engines(config: Config, probe: EngineProbe) -> Iterator[Finding]:
    """Check each configured engine, each speaker's voice, and the memory of the models."""
    workers = {worker.name: worker for worker in probe.workers}
    if probe.lasting_break:
        yield warning(
            "break", f"narrated is {probe.lasting_break}.", "Nothing is narrated meanwhile."
        )
    for spec in workers_with_ears(config)[1]:
        for engine in spec.engines:
            yield _check_engine(engine.name, workers[spec.name])
            if engine.kind == "speech" and (info := probe.engines.get(engine.name)):
                yield from _usual_voice(config, engine, info)
    for name, speaker in configured_speakers(config).items():
        if speaker.engine in probe.engines:  # else the finding about the engine is enough
            yield _check_voice(name, speaker, probe.engines[speaker.engine])
    for name, (problem, remedy) in installed_engines().problems.items():
        yield warning(f"engine {name}", problem, remedy)
    for worker in probe.workers:
        for model in worker.models:
            yield well(f"model {model.name}", f"{model.name} is present. {_memory_use(model)}")
        if worker.models and not worker.box:
            yield _check_memory(config, worker.models)


def _check_engine(engine: str, worker: WorkerSnapshot) -> Finding:
    place = f" on the box {worker.box}" if worker.box else ""
    if engine in worker.engines:
        return well(f"engine {engine}", f"{engine} is loaded{place} and answers.")
    if worker.state is WorkerState.UNLOADED:
        problem = f"{engine} is not loaded, and was not tried."
        return warning(f"engine {engine}", problem, "Run the doctor again once the work goes on.")
    return wrong(
        f"engine {engine}",
        f"{engine} is not available{place}: "
        f"{worker.missing.get(engine) or worker.problem or 'its worker does not answer'}",
        "Mend that, or configure another engine. Its files wait until then.",
    )


def _check_voice(name: str, speaker: Speaker, engine: EngineInfo) -> Finding:
    """Check that an engine has a speaker's voice. An engine without a list accepts any."""
    finding = f"voice of {name}"
    if not engine.voices or not speaker.voice or speaker.voice in engine.voices:
        told = f"the voice {speaker.voice}" if speaker.voice else "a voice for each language"
        return well(finding, f"{engine.name} has {told}.")
    near = difflib.get_close_matches(speaker.voice, engine.voices, n=5, cutoff=0.4)
    key = speaker_key(name, "voice")
    return wrong(
        finding,
        f"{engine.name} has no voice '{printable(speaker.voice)}'.",
        f"Set another in `{key}`, such as {', '.join(near or sorted(engine.voices)[:5])}.",
    )


def _usual_voice(config: Config, engine: EngineSpec, info: EngineInfo) -> Iterator[Finding]:
    """Name the voice of an engine that speaks where nobody names one."""
    language, finding = config.reading.language, f"usual voice of {engine.name}"
    voice = usual_voice(config, engine, info.voices)
    if voice:
        yield well(finding, f"Where no voice is named, {engine.name} speaks {language} by {voice}.")
    elif engine.module == PIPER and not engine.python:
        yield warning(
            finding,
            f"{engine.name} has no voice of the configured language, {language}: the default "
            "engine speaks it.",
            "`narrated models list` shows voices. Or name one in `speech: voice`.",
        )


def _memory_use(model: ModelStatus) -> str:
    if not model.weights_bytes:
        return "Its memory is measured at its first use."
    working = f", and {size(model.working_bytes)} at work" if model.working_bytes else ""
    return f"It takes {size(model.weights_bytes)}{working}."


def _check_memory(config: Config, models: tuple[ModelStatus, ...]) -> Finding:
    limit = config.models.memory or models[0].device_bytes
    weights = sum(model.weights_bytes for model in models)
    needed = weights + max(model.working_bytes for model in models)
    unmeasured = [model.name for model in models if not model.weights_bytes]
    use = f"{size(needed)} of {size(limit)} on {models[0].device}"
    if needed > limit:
        return warning(
            "budget",
            f"Together the models take {use}. If another model needs room, the least recently "
            "used one leaves the memory.",
            "Raise `models: {memory: …}`, or name smaller models, such as bark-small and blip.",
        )
    if unmeasured:
        names = " and ".join(unmeasured)
        so_far = f", and the others take {use}" if weights else f". The limit is {size(limit)}"
        return well("budget", f"{names} was not used yet{so_far}.")
    return well("budget", f"All models fit together: {use}.")

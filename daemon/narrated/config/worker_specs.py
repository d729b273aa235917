"""The workers and engines that a configuration asks for."""

import dataclasses

from narrated.config.values import Config, EngineConfig
from narrated.engines.interface import REGISTRY, EngineSpec, ModelResources
from narrated.errors import ConfigurationError
from narrated.workers.pool import WorkerSpec

LATENTS = "latents"
"""Within the cache, beside the takes, which are in folders of two letters."""

DEFAULT_LIMIT = 400
"""Characters an engine of the user's own is given at once where its entry names no limit."""


def worker_specs(config: Config) -> tuple[WorkerSpec, ...]:
    """The workers that hold the configured engines.

    One for all that hold models, so that none is loaded twice, and one for the others, which may
    need a fresh process while the models stay warm; and so for each other interpreter.
    """
    named = {config.speech.engine, config.pictures.captions}
    named |= {speaker.engine for speaker in config.speech.speakers.values()}
    together: dict[tuple[str, bool], list[EngineSpec]] = {}
    for name in sorted(named | set(config.engines)):
        spec = engine_spec(config, name)
        together.setdefault((spec.python, spec.holds_models), []).append(spec)
    pythons = sorted({python for python, _ in together})
    return tuple(
        WorkerSpec(
            name=_worker_name(holds_models, pythons.index(python) if python else 0),
            python=python,
            engines=tuple(specs),
            home=home(config),
            silence_s=float(config.workers.silence),
            load_s=float(config.workers.load),
            again_s=float(config.workers.again),
        )
        for (python, holds_models), specs in sorted(together.items())
    )


def _worker_name(holds_models: bool, number: int) -> str:
    name = "models" if holds_models else "engines"
    return f"{name}-{number}" if number else name


def home(config: Config) -> ModelResources:
    """Where the models live, and what they may take."""
    models = config.models
    return ModelResources(
        models=str(models.folder),
        voices=str(models.voices),
        cache=str(config.cache / LATENTS),
        device=models.device,
        memory_bytes=int(models.memory or 0),
        idle_unload_s=float(models.idle_unload),
    )


def engine_spec(config: Config, name: str) -> EngineSpec:
    """One engine as the worker loads it: ours from the registry, or the user's own entry."""
    entry = config.engines.get(name, EngineConfig())
    known = REGISTRY.get(entry.like or name)
    if entry.module:
        limit = entry.limit or DEFAULT_LIMIT
        return EngineSpec(
            name,
            entry.kind,
            entry.module,
            limit,
            python=entry.python,
            path=entry.path,
            options=entry.options,
        )
    if known is None:
        raise ConfigurationError(
            f"There is no engine named `{entry.like or name}`.",
            f"Known: {', '.join(sorted(REGISTRY))}; one of your own needs "
            f"`engines: {{{name}: {{module: …}}}}`.",
        )
    return dataclasses.replace(
        known,
        name=name,
        limit_characters=entry.limit or known.limit_characters,
        python=entry.python,
        options={**known.options, **entry.options},
    )


def limits(config: Config) -> dict[str, int]:
    """How many characters each configured or embedded speech engine takes at once, by name."""
    names = set(REGISTRY) | set(config.engines)
    specs = (engine_spec(config, name) for name in names)
    return {spec.name: spec.limit_characters for spec in specs if spec.kind == "speech"}

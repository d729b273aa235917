"""The workers and engines that a configuration asks for."""

from narrated.config.values import Config, EngineEntry
from narrated.engines.base import REGISTRY, EngineSpec
from narrated.errors import ConfigurationError
from narrated.workers.pool import WorkerSpec

DEFAULT_LIMIT = 400
"""Characters an engine of the user's own is given at once where its entry names no limit."""


def worker_specs(config: Config) -> tuple[WorkerSpec, ...]:
    """The workers that hold the configured engines: ours in one, each other interpreter's apart."""
    named = {config.speech.engine, config.pictures.captions}
    named |= {speaker.engine for speaker in config.speech.speakers.values()}
    by_python: dict[str, list[EngineSpec]] = {}
    for name in sorted(named | set(config.engines)):
        spec = engine_spec(config, name)
        by_python.setdefault(spec.python, []).append(spec)
    return tuple(
        WorkerSpec(
            name="engines" if not python else f"engines-{number}",
            python=python,
            engines=tuple(specs),
            silence_s=float(config.workers.silence),
            load_s=float(config.workers.load),
            again_s=float(config.workers.again),
        )
        for number, (python, specs) in enumerate(sorted(by_python.items()))
    )


def engine_spec(config: Config, name: str) -> EngineSpec:
    """One engine as the worker loads it: ours from the registry, or the user's own entry."""
    entry = config.engines.get(name, EngineEntry())
    known = REGISTRY.get(name)
    if not entry.module and known is None:
        raise ConfigurationError(
            f"There is no engine named `{name}`.",
            f"Known: {', '.join(sorted(REGISTRY))}; one of your own needs "
            f"`engines: {{{name}: {{module: …}}}}`.",
        )
    if entry.module or known is None:
        limit = entry.limit or DEFAULT_LIMIT
        return EngineSpec(
            name, entry.kind, entry.module, limit, entry.python, entry.path, entry.options
        )
    limit = entry.limit or known.limit_characters
    return EngineSpec(name, known.kind, known.module, limit, entry.python, "", entry.options)


def limits(config: Config) -> dict[str, int]:
    """How many characters each configured or embedded speech engine takes at once, by name."""
    names = set(REGISTRY) | set(config.engines)
    specs = (engine_spec(config, name) for name in names)
    return {spec.name: spec.limit_characters for spec in specs if spec.kind == "speech"}

"""The models that a configuration uses, and by which of its keys."""

from collections.abc import Iterator

from narrated.config.values import Config
from narrated.models.catalogue import entries, is_repository


def uses(config: Config) -> dict[str, tuple[str, ...]]:
    """The keys that use each model, by its repository; models by a path are the user's own."""
    found: dict[str, tuple[str, ...]] = {}
    for key, engine in _engines(config):
        if repository := _model(config, engine):
            found[repository] = (*found.get(repository, ()), key)
    return found


def _engines(config: Config) -> Iterator[tuple[str, str]]:
    """Each engine that is loaded, with the key that asks for it."""
    yield "speech.engine", config.speech.engine
    for role, speaker in config.speech.speakers.items():
        yield f"speech.speakers.{role}", speaker.engine
    yield "pictures.captions", config.pictures.captions
    for name in config.engines:
        yield f"engines.{name}", name


def _model(config: Config, engine: str) -> str:
    """The repository of an engine's model: its option `model`, or its namesake here."""
    entry = config.engines.get(engine)
    wished = str(entry.options.get("model", "")) if entry else ""
    named = wished or ("" if entry and entry.module else engine)
    for known in entries():
        if named in (known.name, known.repository):
            return known.repository
    return named if is_repository(named) else ""

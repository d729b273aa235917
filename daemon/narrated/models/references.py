"""The models that a configuration uses, and by which of its keys."""

from collections.abc import Iterator

from narrated.config.values import Config
from narrated.config.worker_specs import engine_spec
from narrated.models.catalogue import is_repository


def uses(config: Config) -> dict[str, tuple[str, ...]]:
    """The keys that use each model, by its repository; a model by a path is the user's own."""
    found: dict[str, tuple[str, ...]] = {}
    for key, engine in _engines(config):
        model = str(engine_spec(config, engine).options.get("model", ""))
        if is_repository(model):
            found[model] = (*found.get(model, ()), key)
    return found


def _engines(config: Config) -> Iterator[tuple[str, str]]:
    """Each engine that is loaded, with the key that asks for it."""
    yield "speech: engine", config.speech.engine
    for role, speaker in config.speech.speakers.items():
        yield f"speech: speakers: {role}", speaker.engine
    yield "pictures: captions", config.pictures.captions
    for name in config.engines:
        yield f"engines: {name}", name

"""Chooses the engine that listens to takes: the configured one, else the best model here."""

from collections.abc import Iterator
from contextlib import suppress
from importlib.util import find_spec
from pathlib import Path

from narrated.config.values import Config
from narrated.config.worker_specs import engine_spec, worker_specs
from narrated.engines.registry import BUILT_IN_ENGINES, EngineSpec
from narrated.errors import StorageError
from narrated.models.catalogue import configured_models, find_model, is_repository
from narrated.models.store import LockedModel, ModelState, ModelStore
from narrated.workers.worker import WorkerSpec

_GPUS = ("/dev/nvidia0", "/dev/dxg", "/dev/kfd")
"""Files that a machine with a card has: asking its driver takes seconds."""

_ON_CPU = (
    *("faster-whisper", "whisper-base", "whisper-base.en", "faster-whisper-small"),
    *("whisper-small", "distil-whisper-small.en", "whisper-small.en", "faster-whisper-tiny"),
    *("whisper-tiny", "whisper-tiny.en", "whisper-large-v3-turbo", "distil-whisper-large-v3"),
    *("distil-whisper-medium.en", "faster-whisper-medium", "whisper-medium", "whisper-medium.en"),
    *("faster-whisper-large-v3", "whisper-large-v3"),
)
"""Best first: base finds bad takes nearly as well as larger ones, which take longer than speech."""

_ON_GPU = (
    *("whisper-large-v3-turbo", "whisper-large-v3", "whisper-medium", "whisper-small"),
    *("distil-whisper-large-v3", "distil-whisper-medium.en", "whisper-medium.en"),
    *("distil-whisper-small.en", "whisper-small.en", "whisper-base", "whisper-base.en"),
    *("whisper-tiny", "whisper-tiny.en", "faster-whisper", "faster-whisper-small"),
    *("faster-whisper-tiny", "faster-whisper-medium", "faster-whisper-large-v3"),
)

_SHARE_OF_MEMORY = 4
"""Weights of ears take at most this part of `models: memory`: those that speak need the rest."""

CHOSEN = "takes, as the best hearing model here"
"""Said of a model that listens without a key that names it."""


def hearing_engine(config: Config) -> str:
    """Name the engine that listens to takes; empty if none is wanted, or there is no model.

    It looks at files, and at what is installed; nothing is loaded.
    """
    check = config.takes.settings.check
    if check == "off":
        return ""
    if config.takes.hearing:
        return config.takes.hearing
    return next(_present(config), "") if check != "signal" else ""


def workers_with_ears(config: Config) -> tuple[str, tuple[WorkerSpec, ...]]:
    """Choose the engine that listens to takes, and list the workers with it among them."""
    hearing = hearing_engine(config)
    return hearing, worker_specs(config, hearing)


def models_in_use(config: Config) -> dict[str, tuple[str, ...]]:
    """The models that a configuration names with its keys, and the ears chosen by themselves."""
    used, hearing = configured_models(config), hearing_engine(config)
    model = str(engine_spec(config, hearing).options.get("model", "")) if hearing else ""
    if not config.takes.hearing and is_repository(model):
        used[model] = (*used.get(model, ()), CHOSEN)
    return used


def _present(config: Config) -> Iterator[str]:
    """Yield the engines whose models are here, best first."""
    store, locks = ModelStore(config.models.folder), {}
    with suppress(StorageError):  # `narrated models list` tells of a damaged one
        locks = store.locks()
    of_the_user = [engine_spec(config, name) for name in config.engines]
    ours = [BUILT_IN_ENGINES[name] for name in (_ON_GPU if _has_gpu(config) else _ON_CPU)]
    # English alone comes last where the posts are in another language.
    ours.sort(key=lambda spec: bool(spec.languages) and not _speaks(spec, config))
    for spec in [each for each in of_the_user if each.kind == "hearing"]:
        if _is_here(spec, store, locks):
            yield spec.name
    for spec in ours:
        if _is_here(spec, store, locks) and _is_installed(spec) and _fits(spec, config):
            yield spec.name


def _speaks(spec: EngineSpec, config: Config) -> bool:
    return config.reading.language.split("-")[0] in spec.languages


def _is_here(spec: EngineSpec, store: ModelStore, locks: dict[str, LockedModel]) -> bool:
    """True if an engine's model is in the model folder, or it has none there."""
    model = str(spec.options.get("model", ""))
    if not is_repository(model):
        return True
    state = store.model_state(model, locks.get(model))
    return state in (ModelState.PULLED, ModelState.NOT_LOCKED)


def _is_installed(spec: EngineSpec) -> bool:
    """True if the packages of an engine of ours are installed."""
    names = ("faster_whisper",) if "faster_whisper" in spec.module else ("torch", "transformers")
    return all(find_spec(name) is not None for name in names)


def _fits(spec: EngineSpec, config: Config) -> bool:
    limit = int(config.models.memory or 0)
    weights = find_model(spec.name).weights_bytes * (1 if _has_gpu(config) else 2)
    return not limit or weights <= limit / _SHARE_OF_MEMORY


def _has_gpu(config: Config) -> bool:
    """True if models compute on a card, as far as files tell."""
    device = config.models.device
    return device.startswith(("cuda", "mps")) or (
        device == "auto" and any(Path(name).exists() for name in _GPUS)
    )

"""`narrated.pipeline`: an engine as a callable, in the shape of transformers' pipelines."""

import dataclasses
import difflib
import json
import os
import sys
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any, Literal, overload

import msgspec

from narrated.config.file import load_optional, unconfigured_cache, unconfigured_models
from narrated.config.quantities import Bytes, decode_value
from narrated.config.values import Config
from narrated.config.worker_specs import (
    all_engines,
    configured_speakers,
    engine_spec,
    model_resources,
)
from narrated.engines.interface import Kind
from narrated.engines.registry import BUILT_IN_ENGINES, EngineSpec
from narrated.engines.tortoise.required_files import FILES
from narrated.errors import EngineUnavailable, NarratedError
from narrated.pipelines.image_to_text import ImageToText
from narrated.pipelines.runtime import EngineRuntime
from narrated.pipelines.text_to_speech import TextToSpeech

Folder = str | os.PathLike[str]

_TASKS: Mapping[str, Kind] = {
    "text-to-speech": "speech",
    "text-to-audio": "speech",
    "image-to-text": "caption",
}
_DOES: Mapping[Kind, str] = {
    "speech": "speaks",
    "caption": "describes pictures",
    "hearing": "listens",
}
_ANY_CAPTIONER = "blip"
"""Its engine detects the model family by itself."""
_CONFIG = "config.json"


@overload
def pipeline(
    task: Literal["text-to-speech", "text-to-audio"],
    model: Folder | None = None,
    *,
    like: str = "",
    voice: str = "",
    language: str = "",
    device: str | int | None = None,
    models: Folder | None = None,
    voices: Folder | None = None,
    memory: str | int | None = None,
    beside: TextToSpeech | ImageToText | None = None,
    **options: Any,
) -> TextToSpeech: ...


@overload
def pipeline(
    task: Literal["image-to-text"],
    model: Folder | None = None,
    *,
    like: str = "",
    device: str | int | None = None,
    models: Folder | None = None,
    memory: str | int | None = None,
    beside: TextToSpeech | ImageToText | None = None,
    **options: Any,
) -> ImageToText: ...


@overload
def pipeline(
    task: str,
    model: Folder | None = None,
    *,
    like: str = "",
    voice: str = "",
    language: str = "",
    device: str | int | None = None,
    models: Folder | None = None,
    voices: Folder | None = None,
    memory: str | int | None = None,
    beside: TextToSpeech | ImageToText | None = None,
    **options: Any,
) -> TextToSpeech | ImageToText: ...


def pipeline(
    task: str,
    model: Folder | None = None,
    *,
    like: str = "",
    voice: str = "",
    language: str = "",
    device: str | int | None = None,
    models: Folder | None = None,
    voices: Folder | None = None,
    memory: str | int | None = None,
    beside: TextToSpeech | ImageToText | None = None,
    **options: Any,
) -> TextToSpeech | ImageToText:
    """Load an engine into this process, and return it as a callable; nothing is downloaded.

    `task` is "text-to-speech" (also "text-to-audio") or "image-to-text". `model` is an engine's
    name ("bark", "tortoise", one of the configuration's `engines:`), the repository of a pulled
    model ("suno/bark"), or the full path of a model's folder; `like` then names the model's
    engine, if the files do not show it. Default: the configured engine, else the embedded one.

    `voice` and `language` are defaults of each call. `device` is "auto", "cpu", "cuda", "mps" or a
    card's number; `models` and `voices` are folders; `memory` is the models' limit on the device,
    in bytes or as "8GB". The configuration has the defaults of all these. `beside` is another
    pipeline: both then share memory and folders, load no model twice, and the idle one makes
    room. All other `options` go to the engine.

    Raises NarratedError for a wrong configuration, argument or option, or an unavailable model;
    its text names the problem and the remedy.
    """
    kind = _kind_of(task, {"voice": voice, "language": language, "voices": voices})
    if beside is not None:
        _refuse_shared({"device": device, "models": models, "voices": voices, "memory": memory})
    config = _configuration(
        folder=_folder(models if beside is None else beside.runtime.models),
        voices=_folder(voices),
        device=_device(device),
        memory=_bytes(memory) or None,
    )
    spec = _select_engine(config, kind, model, like, language)
    spec = dataclasses.replace(spec, options={**spec.options, **options})
    runtime = EngineRuntime(model_resources(config)) if beside is None else beside.runtime
    if kind == "caption":
        return ImageToText(runtime, spec, config)
    return TextToSpeech(runtime, spec, config, voice, language)


def _kind_of(task: str, speech_only: Mapping[str, Any]) -> Kind:
    """Return the kind of engine for a task; refuse arguments that only speech has."""
    kind = _TASKS.get(task)
    if kind is None:
        raise NarratedError(f"There is no task '{task}'.", f"There are: {', '.join(_TASKS)}.")
    if kind == "caption" and (argument := _first_given(speech_only)):
        raise NarratedError(f"Pictures are described without `{argument}`.", "Leave it out.")
    return kind


def _refuse_shared(given: Mapping[str, Any]) -> None:
    """Refuse arguments that a pipeline shares with the one beside it."""
    if argument := _first_given(given):
        raise NarratedError(
            f"`{argument}` is shared with the pipeline given as `beside`.",
            f"Give `{argument}` to the first of the two, or leave out `beside`.",
        )


def _first_given(given: Mapping[str, Any]) -> str:
    """Name the first argument that the caller gave."""
    return next((name for name, value in given.items() if value not in (None, "")), "")


def _configuration(**models: object) -> Config:
    """Load the configuration, or its defaults, with the caller's values for its `models`."""
    config = load_optional() or Config(  # a pipeline uses no inbox and no outbox
        inbox=Path(), outbox=Path(), cache=unconfigured_cache(), models=unconfigured_models()
    )
    given = {name: value for name, value in models.items() if value is not None}
    changed = msgspec.structs.replace(config.models, **given)
    return msgspec.structs.replace(config, models=changed)


def _folder(path: Folder | None) -> Path | None:
    return None if path is None else Path(path).expanduser().absolute()


def _device(device: str | int | None) -> str | None:
    """Name a device; a number is a card, and -1 the CPU, as in transformers."""
    if isinstance(device, int):
        return "cpu" if device < 0 else f"cuda:{device}"
    return None if device is None else str(device)  # a torch.device says its name so


def _bytes(memory: str | int | None) -> Bytes | None:
    if memory is None:
        return None
    try:
        return Bytes(decode_value(Bytes, memory))
    except ValueError as error:
        raise NarratedError(
            f"`memory` is {memory!r}, not a size.", "Give bytes, or a text such as '8GB'."
        ) from error


def _select_engine(
    config: Config, kind: Kind, model: Folder | None, like: str, language: str
) -> EngineSpec:
    """Find the engine, and refuse one of another task or another interpreter."""
    spec = _find_spec(config, kind, model, like, language)
    if spec.kind != kind:
        known = ", ".join(_names(config, kind))
        raise NarratedError(
            f"{spec.name} {_DOES[spec.kind]}; this task needs an engine that {_DOES[kind]}.",
            f"Name one of {known}, or ask for the other task.",
        )
    if spec.python and Path(spec.python) != Path(sys.executable):
        raise NarratedError(
            f"The engine {spec.name} runs in an interpreter of its own ({spec.python}), and "
            "cannot be loaded into this one.",
            "Have the daemon speak with it, or run this program with that interpreter.",
        )
    return spec


def _find_spec(
    config: Config, kind: Kind, model: Folder | None, like: str, language: str
) -> EngineSpec:
    if model is None:
        captioner, speakers = config.pictures.captions, configured_speakers(config, language)
        configured = speakers["narrator"].engine if kind == "speech" else captioner
        return engine_spec(config, like or configured)
    name = os.fspath(model)
    if like:
        return _with_model(engine_spec(config, like), name)
    if name in all_engines(config):
        return engine_spec(config, name)
    for ours in BUILT_IN_ENGINES.values():
        if ours.options.get("model") == name:
            return _with_model(engine_spec(config, ours.name), name)
    if not _is_path(name) and name.count("/") != 1:
        raise _unknown(config, kind, name)
    engine = _ANY_CAPTIONER if kind == "caption" else _detect_engine(config, name)
    return _with_model(engine_spec(config, engine), name)


def _with_model(spec: EngineSpec, name: str) -> EngineSpec:
    """Give the engine another model; the model's name becomes the engine's."""
    name = str(Path(name).expanduser().absolute()) if _is_path(name) else name
    return dataclasses.replace(spec, name=name, options={**spec.options, "model": name})


def _is_path(name: str) -> bool:
    return name.startswith(("/", "./", "../", "~"))


def _detect_engine(config: Config, name: str) -> str:
    """Detect the engine of a model from its files."""
    folder = Path(name).expanduser() if _is_path(name) else config.models.folder / name
    another = "Name another folder." if _is_path(name) else f"narrated models pull {name}"
    try:
        names = {file.name for file in folder.iterdir()}
        if _is_tortoise(names):
            return "tortoise"
        file = folder / _CONFIG
        settings: Any = json.loads(file.read_text(encoding="utf-8")) if _CONFIG in names else {}
    except FileNotFoundError as error:
        raise EngineUnavailable(
            f"The model {name} is missing: there is no {error.filename}.", another
        ) from None
    except OSError as error:
        raise EngineUnavailable(
            f"The model {name} cannot be read: {error.strerror}: {error.filename}.",
            "Check that it is a folder, and that your account may read it.",
        ) from error
    except ValueError as error:
        raise EngineUnavailable(
            f"The model {name} cannot be used: {folder}/{_CONFIG} cannot be read ({error}).",
            "Check that its files are complete.",
        ) from error
    if _CONFIG not in names:
        raise EngineUnavailable(
            f"There is no model in {folder}: it holds neither {_CONFIG} nor the files of a "
            f"Tortoise ({', '.join(FILES)}).",
            another,
        )
    kind = settings.get("model_type") if isinstance(settings, dict) else None
    if kind != "bark":
        raise NarratedError(
            f"The model {name} has the kind '{kind}'. No engine is known to speak with it.",
            "Known kinds: bark. To try an engine all the same, name it too: like='bark'.",
        )
    return "bark"


def _is_tortoise(names: Collection[str]) -> bool:
    """True if these files look like a Tortoise; its engine reports missing ones."""
    there = [name for name in FILES if name in names]
    return len(there) == len(FILES) or (bool(there) and _CONFIG not in names)


def _unknown(config: Config, kind: Kind, name: str) -> NarratedError:
    names = _names(config, kind)
    similar = difflib.get_close_matches(name, names, n=1)
    advice = f"Did you mean '{similar[0]}'? " if similar else f"Known: {', '.join(names)}. "
    return NarratedError(
        f"There is no engine named '{name}'.",
        f"{advice}A model is named by its repository (owner/name) or its full path.",
    )


def _names(config: Config, kind: Kind) -> list[str]:
    """List the names of all known and configured engines of a kind."""
    return sorted(spec.name for spec in all_engines(config).values() if spec.kind == kind)

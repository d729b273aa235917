"""`narrated.pipeline`: an engine as a callable, in the shape of transformers' pipelines."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal, overload

import msgspec

from narrated.config.file import load_optional, unconfigured_cache, unconfigured_models
from narrated.config.values import Bytes, Config, decode_value
from narrated.config.worker_specs import model_resources
from narrated.engines.interface import Kind
from narrated.errors import NarratedError
from narrated.pipelines.engine_selection import select_engine
from narrated.pipelines.image_to_text import ImageToText
from narrated.pipelines.runtime import EngineRuntime
from narrated.pipelines.text_to_speech import SpeechDefaults, TextToSpeech

Folder = str | os.PathLike[str]

_TASKS: Mapping[str, Kind] = {
    "text-to-speech": "speech",
    "text-to-audio": "speech",
    "image-to-text": "caption",
}


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

    `voice` and `language` are defaults of each call. `device` is "auto", "cpu", "cuda" or a
    card's number; `models` and `voices` are folders; `memory` is the models' limit on the device,
    in bytes or as "8GB". The configuration has the defaults of all these. `beside` is another
    pipeline: both then share memory and folders, load no model twice, and the idle one makes
    room. All other `options` go to the engine.

    Raises NarratedError for a wrong configuration, argument or option, or an unavailable model;
    its text names the problem and the remedy.
    """
    kind = _TASKS.get(task)
    if kind is None:
        raise NarratedError(f"There is no task '{task}'.", f"There are: {', '.join(_TASKS)}.")
    speech_only = {"voice": voice, "language": language, "voices": voices}
    if kind == "caption" and (argument := _first_given(speech_only)):
        raise NarratedError(f"Pictures are described without `{argument}`.", "Leave it out.")
    overrides = {"device": device, "models": models, "voices": voices, "memory": memory}
    config = _with_folders(load_optional() or _unconfigured(), _shared_with(beside, overrides))
    spec = select_engine(config, kind, model, like, options)
    runtime = EngineRuntime(model_resources(config)) if beside is None else beside.runtime
    if kind == "caption":
        is_configured = spec.name == config.pictures.captions
        return ImageToText(runtime, spec, config.pictures.options if is_configured else {})
    return TextToSpeech(runtime, spec, SpeechDefaults.of(config, spec, voice, language))


def _unconfigured() -> Config:
    """Give a configuration of defaults; a pipeline uses no inbox and no outbox."""
    return Config(
        inbox=Path(), outbox=Path(), cache=unconfigured_cache(), models=unconfigured_models()
    )


def _with_folders(config: Config, overrides: Mapping[str, Any]) -> Config:
    """Replace the configuration's folders, device and memory by the caller's."""
    models, voices, device = overrides["models"], overrides["voices"], overrides["device"]
    configured = config.models
    return msgspec.structs.replace(
        config,
        models=msgspec.structs.replace(
            configured,
            folder=configured.folder if models is None else _folder(models),
            voices=configured.voices if voices is None else _folder(voices),
            device=configured.device if device is None else _device(device),
            memory=_bytes(overrides["memory"]) or configured.memory,
        ),
    )


def _shared_with(
    beside: TextToSpeech | ImageToText | None, overrides: Mapping[str, Any]
) -> Mapping[str, Any]:
    """Check the caller's folders and device; add the models' folder of the `beside` pipeline."""
    if beside is None:
        return overrides
    if argument := _first_given(overrides):
        raise NarratedError(
            f"`{argument}` is shared with the pipeline given as `beside`.",
            f"Give `{argument}` to the first of the two, or leave out `beside`.",
        )
    return {**overrides, "models": beside.runtime.models}


def _first_given(given: Mapping[str, Any]) -> str:
    """Name the first argument that the caller gave."""
    return next((name for name, value in given.items() if value not in (None, "")), "")


def _folder(path: Folder) -> Path:
    return Path(path).expanduser().absolute()


def _device(device: str | int) -> str:
    """Name a device; a number is a card, and -1 the CPU, as in transformers."""
    if isinstance(device, int):
        return "cpu" if device < 0 else f"cuda:{device}"
    return str(device)  # a torch.device says its name so


def _bytes(memory: str | int | None) -> Bytes | None:
    if memory is None:
        return None
    try:
        return Bytes(decode_value(Bytes, memory))
    except ValueError as error:
        raise NarratedError(
            f"`memory` is {memory!r}, not a size.", "Give bytes, or a text such as '8GB'."
        ) from error

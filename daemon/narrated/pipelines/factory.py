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
    """An engine of narrated's as a callable, loaded into this process; nothing is fetched.

    `task` is "text-to-speech" (also "text-to-audio") or "image-to-text". `model` is an engine's
    name ("bark", "tortoise", one of the configuration's `engines:`), a repository whose model was
    pulled ("suno/bark"), or the full path of a model's folder; `like` then names the engine that
    the model is for, where its files do not tell. Without either it is the configured engine, and
    the embedded one where nothing is configured.

    `voice` and `language` hold for texts whose call names no others. `device` is "auto", "cpu",
    "cuda" or a card's number; `models` and `voices` are folders; `memory` is what the models may
    take on the device, in bytes or as "8GB". What is not given is the configuration's. `beside`
    is another pipeline, whose memory and folders this one shares: no model is loaded twice, and
    what is not at work makes room. All other `options` are the engine's own.

    Raises NarratedError, whose text says what was wrong and what to do: of the configuration, of
    what was named here, of an engine's options, or of a model that is not to be had.
    """
    kind = _TASKS.get(task)
    if kind is None:
        raise NarratedError(f"There is no task '{task}'.", f"There are: {', '.join(_TASKS)}.")
    of_speech = {"voice": voice, "language": language, "voices": voices}
    if kind == "caption" and (meant := _named(of_speech)):
        raise NarratedError(f"Pictures are described without `{meant}`.", "Leave it out.")
    places = {"device": device, "models": models, "voices": voices, "memory": memory}
    config = _placed(load_optional() or _unconfigured(), _shared(beside, places))
    spec = select_engine(config, kind, model, like, options)
    runtime = EngineRuntime(model_resources(config)) if beside is None else beside.runtime
    if kind == "caption":
        is_configured = spec.name == config.pictures.captions
        return ImageToText(runtime, spec, config.pictures.options if is_configured else {})
    return TextToSpeech(runtime, spec, SpeechDefaults.of(config, spec, voice, language))


def _unconfigured() -> Config:
    """Every default; inbox and outbox are no matter of a pipeline's."""
    return Config(
        inbox=Path(), outbox=Path(), cache=unconfigured_cache(), models=unconfigured_models()
    )


def _placed(config: Config, places: Mapping[str, Any]) -> Config:
    """The configuration, but for what the caller says of where models are and may be."""
    models, voices, device = places["models"], places["voices"], places["device"]
    configured = config.models
    return msgspec.structs.replace(
        config,
        models=msgspec.structs.replace(
            configured,
            folder=configured.folder if models is None else _folder(models),
            voices=configured.voices if voices is None else _folder(voices),
            device=configured.device if device is None else _device(device),
            memory=_bytes(places["memory"]) or configured.memory,
        ),
    )


def _shared(
    beside: TextToSpeech | ImageToText | None, places: Mapping[str, Any]
) -> Mapping[str, Any]:
    """What was given of these, but for the models' folder of the pipeline that this is beside."""
    if beside is None:
        return places
    if meant := _named(places):
        raise NarratedError(
            f"`{meant}` is shared with the pipeline that this one is beside.",
            f"Give `{meant}` to the first of the two, or leave out `beside`.",
        )
    return {**places, "models": beside.runtime.models}


def _named(given: Mapping[str, Any]) -> str:
    """The first of these that somebody gave."""
    return next((name for name, value in given.items() if value not in (None, "")), "")


def _folder(path: Folder) -> Path:
    return Path(path).expanduser().absolute()


def _device(device: str | int) -> str:
    """A card by its number as well, and -1 for the CPU, as transformers has it."""
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
            f"`memory` is {memory!r}, which is no size.", "Give bytes, or a text such as '8GB'."
        ) from error

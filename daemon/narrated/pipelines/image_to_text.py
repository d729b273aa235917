"""Describe pictures; inputs and outputs are those of transformers' former image-to-text."""

import io
import os
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any, TypedDict, overload

from PIL import Image

from narrated.config.values import Config
from narrated.engines.image_loading import DAMAGE
from narrated.engines.interface import CaptionRequest, CaptionResult
from narrated.engines.registry import EngineSpec
from narrated.errors import NarratedError, SourceError
from narrated.pipelines.runtime import EnginePipeline, EngineRuntime

ImageInput = str | os.PathLike[str] | bytes | Image.Image

_ADDRESS = re.compile(r"[a-z][a-z0-9+.-]*://|data:", re.IGNORECASE)

_KEPT_MODES = ("1", "L", "LA", "P", "RGB", "RGBA", "I", "I;16")
"""Image modes that PNG stores unchanged."""


class CaptionOutput(TypedDict):
    """The description of a picture."""

    generated_text: str


class ImageToText(EnginePipeline):
    """A captioner as a callable; `narrated.pipeline` makes it."""

    def __init__(self, runtime: EngineRuntime, spec: EngineSpec, config: Config) -> None:
        super().__init__(runtime, spec)
        is_configured = spec.name == config.pictures.captions
        self._options = config.pictures.options if is_configured else {}

    @overload
    def __call__(self, inputs: ImageInput, **options: Any) -> list[CaptionOutput]: ...

    @overload
    def __call__(
        self, inputs: Sequence[ImageInput], **options: Any
    ) -> list[list[CaptionOutput]]: ...

    def __call__(
        self, inputs: ImageInput | Sequence[ImageInput], **options: Any
    ) -> list[CaptionOutput] | list[list[CaptionOutput]]:
        """Describe a picture, or a list of pictures as one batch.

        A picture is the path of a file, the bytes of one, or a PIL image. `options` go to the
        engine, such as `prompt`. Raises EngineError or EngineUnavailable if the engine fails,
        SourceError for an unreadable file, NarratedError for a URL (nothing is fetched), and
        OutOfMemory or DeviceLost if the device fails.
        """
        pictures = inputs if isinstance(inputs, list | tuple) else [inputs]
        all_options = {**self._options, **options}
        requests = [
            CaptionRequest(str(number), _bytes(each), all_options)
            for number, each in enumerate(pictures)
        ]
        described = self._run(requests)
        made = [
            [CaptionOutput(generated_text=each.text)]
            for each in described
            if isinstance(each, CaptionResult)
        ]
        return made if isinstance(inputs, list | tuple) else made[0]


def _bytes(picture: object) -> bytes:
    if isinstance(picture, bytes):
        return picture
    if isinstance(picture, Image.Image):
        return _as_file(picture)
    if isinstance(picture, str | os.PathLike):
        return _read(os.fspath(picture))
    raise TypeError(
        "The path of a picture, its file's bytes or a PIL image can be described, not "
        f"{type(picture).__name__}."
    )


def _read(name: str) -> bytes:
    if _ADDRESS.match(name):
        raise NarratedError(
            f"{name[:60]} is an address, and nothing is fetched.",
            "Save the picture, and give its path or its bytes.",
        )
    try:
        return Path(name).read_bytes()
    except OSError as error:
        raise SourceError(
            f"The picture {name} cannot be read: {error.strerror}.",
            "Give the path of a picture's file, its bytes, or a PIL image.",
        ) from error


def _as_file(image: Image.Image) -> bytes:
    """Encode an image as the PNG that an engine takes, with its EXIF orientation."""
    file = io.BytesIO()
    try:
        _kept(image).save(file, "PNG", exif=image.getexif(), compress_level=1)
    except DAMAGE as error:  # Pillow reads an opened image only now
        raise SourceError(
            f"The image is empty, damaged or cut short ({error}).", "Give another, or its file."
        ) from error
    return file.getvalue()


def _kept(image: Image.Image) -> Image.Image:
    """Convert an image to a mode that PNG stores."""
    if image.mode in _KEPT_MODES:
        return image
    if image.mode == "La":
        return image.convert("LA")  # Pillow converts La to nothing else
    kept = image.convert("RGBA" if image.has_transparency_data else "RGB")
    kept.info.pop("icc_profile", None)  # it describes the former mode
    return kept

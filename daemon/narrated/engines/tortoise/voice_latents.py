"""Latents: what Tortoise knows of a voice; read from a file, or kept once they were computed."""

import logging
import os
import tempfile
import zipfile
from contextlib import suppress
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from narrated.engines.neural.checkpoint_files import readable
from narrated.errors import EngineUnavailable
from narrated.human_sizes import size

REVISION = 1
"""Of how latents are made of clips: with another, all are made anew."""
MOST_BYTES = 4 << 20
"""Both take twelve kilobytes; a zip may claim anything."""

_WIDEST = 1 << 16
_REMEDY = "Make it anew from the clips, or give the clips themselves: a folder of three or more."

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, eq=False)
class VoiceLatents:
    """A voice's: autoregressive (1, width) and diffusion (1, 2 * width), float32 on the host."""

    autoregressive: Tensor
    diffusion: Tensor


def of_file(content: bytes, name: str, width: int | None = None) -> VoiceLatents:
    """The two latents of a `.pth` as tortoise-tts's get_conditioning_latents.py writes it.

    EngineUnavailable where it cannot be read, holds code, or something other than two tensors of
    (1, width) and (1, 2 * width), the first dimension of which may be missing. Without a width,
    whichever theirs is.
    """
    _bounded(content, name)
    try:
        with readable(f"The voice {name}", _REMEDY):
            loaded = torch.load(BytesIO(content), map_location="cpu", weights_only=True)
    except MemoryError as error:  # not ours: a small file claims a tensor of any size
        raise _broken(name, "it claims to hold more than there is room for") from error
    if not isinstance(loaded, tuple | list) or len(loaded) != 2:
        raise _broken(name, "it does not hold two latents")
    first = _checked(name, "autoregressive latent", loaded[0], width)
    return VoiceLatents(first, _checked(name, "diffusion latent", loaded[1], 2 * first.shape[1]))


def _bounded(content: bytes, name: str) -> None:
    claimed = len(content)
    if zipfile.is_zipfile(BytesIO(content)):
        with (
            readable(f"The voice {name}", _REMEDY),
            zipfile.ZipFile(BytesIO(content)) as archive,
        ):
            claimed = max(claimed, sum(member.file_size for member in archive.infolist()))
    if claimed > MOST_BYTES:
        raise _broken(name, f"it is of {size(claimed)}, larger than any latents")


def _checked(name: str, what: str, latent: object, width: int | None) -> Tensor:
    if not isinstance(latent, Tensor) or latent.layout != torch.strided or latent.is_quantized:
        raise _broken(name, f"its {what} is no tensor")
    if latent.device.type != "cpu" or not latent.is_floating_point():
        raise _broken(name, f"its {what} is of {latent.dtype}, where fractions are looked for")
    shape = tuple(latent.shape)
    width = width or shape[-1] if shape else 1
    if not 0 < width <= _WIDEST or shape not in ((1, width), (width,)):
        raise _broken(name, f"its {what} has the shape {shape}, where it needs (1, {width})")
    plain = latent.detach().to(torch.float32).reshape(1, width).clone()
    if not plain.isfinite().all():
        raise _broken(name, f"its {what} holds what is no number")
    return plain


def _broken(name: str, why: str) -> EngineUnavailable:
    return EngineUnavailable(f"The voice {name} cannot be used: {why}.", _REMEDY)


class LatentsCache:
    """Latents on the disk, by the content of a voice and of the model that made them.

    Losing them costs their computation and nothing else, so what cannot be read is absent, and what
    cannot be written is said once.
    """

    def __init__(self, folder: Path, model_digest: str) -> None:
        self._folder = folder
        self._model_digest = model_digest
        self._has_warned = False

    def get(self, voice_digest: str) -> VoiceLatents | None:
        """Those of a voice; None where they are not there, or damaged."""
        try:
            with readable("Kept latents", ""):
                return _unpacked(self._path(voice_digest))
        except (EngineUnavailable, MemoryError):
            return None

    def put(self, voice_digest: str, latents: VoiceLatents) -> None:
        """Keep those of a voice, whole or not at all."""
        packed = BytesIO()
        np.savez(
            packed,
            autoregressive=latents.autoregressive.numpy(),
            diffusion=latents.diffusion.numpy(),
        )
        try:
            self._write(self._path(voice_digest), packed.getvalue())
        except OSError as error:
            if not self._has_warned:
                log.warning(
                    "What is known of a voice cannot be kept in %s (%s): it is computed anew after "
                    "each start.",
                    self._folder,
                    error.strerror or error,
                )
                self._has_warned = True

    def _path(self, voice_digest: str) -> Path:
        return self._folder / f"{voice_digest}-{self._model_digest}-r{REVISION}.npz"

    def _write(self, path: Path, content: bytes) -> None:
        self._folder.mkdir(parents=True, exist_ok=True)
        descriptor, name = tempfile.mkstemp(dir=self._folder, prefix=".latents-")
        draft = Path(name)
        try:
            with os.fdopen(descriptor, "wb") as file:
                file.write(content)
            draft.replace(path)
        finally:
            with suppress(OSError):
                draft.unlink(missing_ok=True)  # as it is where it took its place


def _unpacked(path: Path) -> VoiceLatents | None:
    if not path.is_file() or path.stat().st_size > MOST_BYTES:
        return None
    content = path.read_bytes()
    with zipfile.ZipFile(BytesIO(content)) as archive:
        if sum(member.file_size for member in archive.infolist()) > MOST_BYTES:
            return None
    with np.load(BytesIO(content), allow_pickle=False) as arrays:
        first, second = arrays["autoregressive"], arrays["diffusion"]
    if first.shape[:1] != (1,) or second.shape != (1, 2 * first.size) or first.ndim != 2:
        return None
    if any(each.dtype != np.float32 or not np.isfinite(each).all() for each in (first, second)):
        return None
    return VoiceLatents(torch.from_numpy(first), torch.from_numpy(second))

"""Files of a voice's latents: a user's own, which is untrusted, and a cache of computed ones."""

import logging
import os
import zipfile
from dataclasses import dataclass
from functools import partial
from io import BytesIO
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from narrated.atomic_write import atomic_write
from narrated.engines.neural.damaged_files import guard_reading
from narrated.errors import EngineUnavailable
from narrated.human_formatting import size

REVISION = 1
"""Revision of the computation; another one invalidates the cache."""
MOST_BYTES = 4 << 20
"""Both take twelve kilobytes; a zip may claim any size."""

_FOLDER_MODE, _FILE_MODE = 0o750, 0o640  # as those of the cache around them
_WIDEST = 1 << 16
_REMEDY = "Make it again from the clips, or give the clips themselves: a folder of three or more."

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, eq=False)
class VoiceLatents:
    """Latents of a voice: autoregressive (1, width), diffusion (1, 2 * width), float32."""

    autoregressive: Tensor
    diffusion: Tensor


def load_latents(content: bytes, name: str, width: int | None = None) -> VoiceLatents:
    """Load a `.pth` with two latents, as get_conditioning_latents.py of tortoise-tts writes it.

    Raises EngineUnavailable if it is unreadable, has code, or has other content than two tensors
    of (1, width) and (1, 2 * width); the first dimension may be missing. Without a width, any fits.
    """
    try:
        with guard_reading(f"The voice {name}", _REMEDY):
            if (claimed := _claimed_bytes(content)) > MOST_BYTES:
                raise _broken(name, f"it is of {size(claimed)}, larger than any latents")
            loaded = torch.load(BytesIO(content), map_location="cpu", weights_only=True)
    except MemoryError as error:  # a small file can claim a tensor of any size
        raise _broken(name, "it claims to hold more than there is room for") from error
    if not isinstance(loaded, tuple | list) or len(loaded) != 2:
        raise _broken(name, "it does not hold two latents")
    first = _checked(name, "autoregressive latent", loaded[0], width)
    return VoiceLatents(first, _checked(name, "diffusion latent", loaded[1], 2 * first.shape[1]))


def _claimed_bytes(content: bytes) -> int:
    """Size of a file, or that of an archive's members if it is greater."""
    if not zipfile.is_zipfile(BytesIO(content)):
        return len(content)
    with zipfile.ZipFile(BytesIO(content)) as archive:
        return max(len(content), sum(member.file_size for member in archive.infolist()))


def _checked(name: str, what: str, latent: object, width: int | None) -> Tensor:
    if not isinstance(latent, Tensor) or latent.layout != torch.strided or latent.is_quantized:
        raise _broken(name, f"its {what} is no tensor")
    if latent.device.type != "cpu" or not latent.is_floating_point():
        raise _broken(name, f"its {what} is of {latent.dtype}, not of a floating-point type")
    shape = tuple(latent.shape)
    width = width or shape[-1] if shape else 1
    if not 0 < width <= _WIDEST or shape not in ((1, width), (width,)):
        raise _broken(name, f"its {what} has the shape {shape}, where it needs (1, {width})")
    plain = latent.detach().to(torch.float32).reshape(1, width).clone()
    if not plain.isfinite().all():
        raise _broken(name, f"its {what} holds values that are not finite")
    return plain


def _broken(name: str, why: str) -> EngineUnavailable:
    return EngineUnavailable(f"The voice {name} cannot be used: {why}.", _REMEDY)


class LatentsCache:
    """A cache of latents on the disk, keyed by the content of the voice and of the model.

    A lost entry costs its computation only. So an unreadable one counts as absent, and a failed
    write is logged once.
    """

    def __init__(self, folder: Path, model_digest: str) -> None:
        self._folder = folder
        self._model_digest = model_digest
        self._has_warned = False

    def get(self, voice_digest: str) -> VoiceLatents | None:
        """Latents of a voice; None if they are absent or damaged."""
        try:
            with guard_reading("Kept latents", ""):
                return _load_cached(self._path(voice_digest))
        except (EngineUnavailable, MemoryError):
            return None

    def put(self, voice_digest: str, latents: VoiceLatents) -> None:
        """Write the latents of a voice, whole or not at all."""
        try:
            self._write(self._path(voice_digest), latents)
        except OSError as error:
            if not self._has_warned:
                log.warning(
                    "The latents of a voice cannot be written to %s (%s): they are computed again "
                    "after each start.",
                    self._folder,
                    error.strerror or error,
                )
                self._has_warned = True

    def _path(self, voice_digest: str) -> Path:
        return self._folder / f"{voice_digest}-{self._model_digest}-r{REVISION}.npz"

    def _write(self, path: Path, latents: VoiceLatents) -> None:
        if not self._folder.is_dir():
            self._folder.mkdir(_FOLDER_MODE, parents=True, exist_ok=True)
            self._folder.chmod(_FOLDER_MODE)  # whatever the umask says
        private = partial(os.open, mode=_FILE_MODE)
        with atomic_write(path) as draft, open(draft, "xb", opener=private) as file:
            os.fchmod(file.fileno(), _FILE_MODE)
            np.savez(
                file,
                autoregressive=latents.autoregressive.numpy(),
                diffusion=latents.diffusion.numpy(),
            )


def _load_cached(path: Path) -> VoiceLatents | None:
    if not path.is_file() or path.stat().st_size > MOST_BYTES:
        return None
    content = path.read_bytes()
    if not zipfile.is_zipfile(BytesIO(content)) or _claimed_bytes(content) > MOST_BYTES:
        return None
    with np.load(BytesIO(content), allow_pickle=False) as arrays:
        first, second = arrays["autoregressive"], arrays["diffusion"]
    if first.shape[:1] != (1,) or second.shape != (1, 2 * first.size) or first.ndim != 2:
        return None
    if any(each.dtype != np.float32 or not np.isfinite(each).all() for each in (first, second)):
        return None
    return VoiceLatents(torch.from_numpy(first), torch.from_numpy(second))

"""Loads a checkpoint: its four models in upstream's classes, and the tokenizer."""

import logging
import re
import warnings
import zipfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import nn

from narrated.engines.model_interface import EngineContext
from narrated.engines.neural.checkpoint_files import CheckpointFiles, guard_reading, verify_remedy
from narrated.engines.neural.torch_device import TorchDevice
from narrated.engines.neural.torch_model import TorchModel, copy_into_memory, weights_key
from narrated.engines.tortoise import model_shapes
from narrated.engines.tortoise.required_files import AUTOREGRESSIVE, CLVP, DIFFUSION, VOCODER
from narrated.engines.tortoise.upstream_modules import upstream
from narrated.errors import EngineError, EngineUnavailable

MOST_TOKENS = 398
"""Most tokens of a text: the model reads 400, and upstream adds one and spares one."""

_VOCODER_STATE = "model_g"
_NUMBER = re.compile(r"[0-9][0-9,]*[0-9]")
_MOST_DIGITS = 36
"""Most digits of a number that the tokenizer can spell; it raises for a longer one."""


@dataclass(frozen=True, slots=True)
class ClipEncoders:
    """The encoders of a voice's clips, used once for each voice, always on the host.

    On a device they would take 0.4 GiB permanently, as much as a captioner.
    """

    autoregressive: nn.Module
    diffusion: nn.Module


class TortoiseModels(nn.Module):
    """The four models, without the parts that only training needs.

    `dtype` is the precision of the autoregressive model and of CLVP. The others are in single
    precision, since their norms accept nothing else. The `ears` are no submodule, so they stay on
    the host.
    """

    def __init__(
        self,
        autoregressive: Any,
        clvp: Any,
        diffusion: Any,
        vocoder: Any,
        ears: ClipEncoders,
        dtype: torch.dtype,
    ) -> None:
        super().__init__()
        self.ears = ears
        self.autoregressive = autoregressive
        self.clvp = clvp
        self.diffusion = diffusion
        self.vocoder = vocoder
        self.dtype = dtype

    @property
    def device(self) -> torch.device:
        """Device of the weights."""
        return next(self.parameters()).device

    @property
    def width(self) -> int:
        """Width of the autoregressive latent of a voice; the diffusion latent has twice it."""
        return int(self.autoregressive.model_dim)

    @contextmanager
    def halved(self) -> Iterator[None]:
        """Multiply matrices in `dtype` though the weights are in single precision.

        Each weight is used once a step, so its conversion is not cached.
        """
        lowers = self.dtype != torch.float32
        with torch.autocast(self.device.type, self.dtype, enabled=lowers, cache_enabled=False):
            yield


@dataclass(frozen=True, slots=True)
class TortoiseCheckpoint:
    """A model and its tokenizer, wherever the weights are."""

    model: TorchModel[TortoiseModels]
    digest: str
    dtype: str
    tokenizer: Any

    @classmethod
    def opened(
        cls, files: CheckpointFiles, dtype: str, shelf: EngineContext
    ) -> "TortoiseCheckpoint":
        """Read all but the weights. Raises EngineUnavailable if upstream's code is missing."""
        device = TorchDevice.chosen(shelf.device)
        precision = device.precision(dtype)
        tokenizer = upstream().VoiceBpeTokenizer()
        model = TorchModel(
            name=files.name,
            key=weights_key(files.digest, precision, device),
            device=device,
            read=lambda: _read(files, precision),
        )
        return cls(shelf.hold(model), files.digest, str(precision), tokenizer)

    def words(self, text: str) -> Sequence[int]:
        """The tokenizer's ids of a text. Raises EngineError if they are too many."""
        plain = upstream().convert_to_ascii(text.encode("utf-8", "replace").decode("utf-8"))
        ids = self.tokenizer.encode(_NUMBER.sub(_named, plain).strip())
        if len(ids) > MOST_TOKENS:
            raise EngineError(
                f"The text is too long for Tortoise: {len(ids)} tokens, where it reads "
                f"{MOST_TOKENS}.",
                "Have it cut into shorter pieces.",
            )
        return tuple(ids)


def _named(number: re.Match[str]) -> str:
    """The number as it is, or its single digits if it is too long to spell."""
    digits = number[0].replace(",", "")
    return number[0] if len(digits) <= _MOST_DIGITS else " ".join(digits)


def _read(files: CheckpointFiles, precision: torch.dtype) -> TortoiseModels:
    with guard_reading(f"The model {files.name}", verify_remedy(files.name)):
        known = upstream()
        return assemble(
            _filled(files, AUTOREGRESSIVE, known.UnifiedVoice, model_shapes.autoregressive),
            _filled(files, CLVP, known.CLVP, model_shapes.clvp),
            _filled(files, DIFFUSION, known.DiffusionTts, model_shapes.diffusion),
            _filled(files, VOCODER, known.UnivNetGenerator, model_shapes.vocoder),
            precision,
        )


def assemble(
    autoregressive: Any, clvp: Any, diffusion: Any, vocoder: Any, precision: torch.dtype
) -> TortoiseModels:
    """Strip upstream's four models of their training parts, and set the precision of each."""
    for block in autoregressive.gpt.h:
        block.attn._buffers.clear()  # masks of older transformers: narrated makes its own
    ears = ClipEncoders(
        autoregressive.conditioning_encoder.float().eval(),
        diffusion.contextual_embedder.float().eval(),
    )
    copy_into_memory(ears.autoregressive)  # the mapped file may be replaced meanwhile
    copy_into_memory(ears.diffusion)
    for model, unused in (
        (autoregressive, ("conditioning_encoder", "text_head")),
        (diffusion, ("contextual_embedder", "code_embedding", "code_converter", "mel_head")),
    ):
        for name in unused:
            delattr(model, name)
    vocoder.eval(inference=True)  # folds the norms of its weights in
    autoregressive.to(precision)
    inverse = [(m, m.inv_freq.float()) for m in clvp.modules() if hasattr(m, "inv_freq")]
    clvp.to(precision)
    for module, frequencies in inverse:
        module.inv_freq = frequencies  # half precision cannot separate the positions
    return TortoiseModels(autoregressive, clvp, diffusion.float(), vocoder.float(), ears, precision)


def _filled(
    files: CheckpointFiles,
    name: str,
    kind: Any,
    measured: Callable[[model_shapes.Weights], dict[str, Any]],
) -> Any:
    """Build a model in the shapes of its weights, without random initialisation."""
    weights = _weights(files.folder / name)
    with torch.device("meta"), _quiet():
        model = kind(**measured(weights))
    missing, _ = model.load_state_dict(weights, strict=False, assign=True)
    if missing:
        raise EngineUnavailable(
            f"The model {files.name} lacks {len(missing)} weights of {name}, {missing[0]} "
            "among them.",
            verify_remedy(files.name),
        )
    return model


def _weights(file: Path) -> dict[str, torch.Tensor]:
    """Read by torch's restricted unpickler; mapped if the file is a zip."""
    loaded: Any = torch.load(
        file, map_location="cpu", weights_only=True, mmap=zipfile.is_zipfile(file)
    )
    state: dict[str, torch.Tensor] = loaded.get(_VOCODER_STATE, loaded)
    return state


@contextmanager
def _quiet() -> Iterator[None]:
    """Silence warnings: upstream builds GPT-2 without a vocabulary, and old weight norms."""
    told = logging.getLogger("transformers.configuration_utils")
    level = told.level
    told.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        told.setLevel(level)

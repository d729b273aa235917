"""A checkpoint: its four models, read into upstream's classes, and the tokenizer."""

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
from narrated.engines.neural.checkpoint_files import CheckpointFiles, readable, verify
from narrated.engines.neural.torch_device import TorchDevice
from narrated.engines.neural.torch_model import TorchModel, key, own
from narrated.engines.tortoise import model_shapes
from narrated.engines.tortoise.required_files import AUTOREGRESSIVE, CLVP, DIFFUSION, VOCODER
from narrated.engines.tortoise.upstream_modules import upstream
from narrated.errors import EngineError, EngineUnavailable

MOST_TOKENS = 398
"""Of a text: the model reads 400, and upstream puts one behind the text and wants one to spare."""

_VOCODER_STATE = "model_g"
_NUMBER = re.compile(r"[0-9][0-9,]*[0-9]")
_MOST_DIGITS = 36
"""Of a number that the tokenizer has a name for; it raises for a longer one."""


@dataclass(frozen=True, slots=True)
class ClipEncoders:
    """What listens to a voice's clips, once for each voice: always on the host.

    On a device they would take 0.4 GiB all the while, as much as a captioner.
    """

    autoregressive: nn.Module
    diffusion: nn.Module


class TortoiseModels(nn.Module):
    """The four models; what only training needs of them is left out.

    `dtype` is that of the autoregressive model and of CLVP. The others are in single precision:
    their norms take nothing else. The `ears` are none of its parts, and stay where they are.
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
        """Where the weights are."""
        return next(self.parameters()).device

    @property
    def width(self) -> int:
        """Of a speaker's latent for the autoregressive model; that for diffusion has twice it."""
        return int(self.autoregressive.model_dim)

    @contextmanager
    def halved(self) -> Iterator[None]:
        """Have matrices multiplied in `dtype` where the weights are in single precision.

        Each weight is met once a step: what it was turned into is not kept.
        """
        lowers = self.dtype != torch.float32
        with torch.autocast(self.device.type, self.dtype, enabled=lowers, cache_enabled=False):
            yield


@dataclass(frozen=True, slots=True)
class TortoiseCheckpoint:
    """What there is to know of a model while its weights are wherever they are."""

    model: TorchModel[TortoiseModels]
    digest: str
    dtype: str
    tokenizer: Any

    @classmethod
    def opened(
        cls, files: CheckpointFiles, dtype: str, shelf: EngineContext
    ) -> "TortoiseCheckpoint":
        """Read all but the weights; EngineUnavailable where upstream's code is not there."""
        device = TorchDevice.chosen(shelf.device)
        precision = device.precision(dtype)
        tokenizer = upstream().VoiceBpeTokenizer()
        model = TorchModel(
            name=files.name,
            key=key(files.digest, precision, device),
            device=device,
            read=lambda: _read(files, precision),
        )
        return cls(shelf.hold(model), files.digest, str(precision), tokenizer)

    def words(self, text: str) -> Sequence[int]:
        """The tokenizer's ids of a text; EngineError where they are more than the model reads."""
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
    """A number as it is, or digit by digit where it is longer than any that has a name."""
    digits = number[0].replace(",", "")
    return number[0] if len(digits) <= _MOST_DIGITS else " ".join(digits)


def _read(files: CheckpointFiles, precision: torch.dtype) -> TortoiseModels:
    with readable(f"The model {files.name}", verify(files.name)):
        known = upstream()
        return assembled(
            _filled(files, AUTOREGRESSIVE, known.UnifiedVoice, model_shapes.autoregressive),
            _filled(files, CLVP, known.CLVP, model_shapes.clvp),
            _filled(files, DIFFUSION, known.DiffusionTts, model_shapes.diffusion),
            _filled(files, VOCODER, known.UnivNetGenerator, model_shapes.vocoder),
            precision,
        )


def assembled(
    autoregressive: Any, clvp: Any, diffusion: Any, vocoder: Any, precision: torch.dtype
) -> TortoiseModels:
    """Upstream's four models without what only training needs, each in the precision it bears."""
    for block in autoregressive.gpt.h:
        block.attn._buffers.clear()  # masks of older transformers: narrated makes its own
    ears = ClipEncoders(
        autoregressive.conditioning_encoder.float().eval(),
        diffusion.contextual_embedder.float().eval(),
    )
    own(ears.autoregressive)  # of a file that is mapped, and may be replaced
    own(ears.diffusion)
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
        module.inv_freq = frequencies  # positions are not told apart in half precision
    return TortoiseModels(autoregressive, clvp, diffusion.float(), vocoder.float(), ears, precision)


def _filled(
    files: CheckpointFiles,
    name: str,
    kind: Any,
    measured: Callable[[model_shapes.Weights], dict[str, Any]],
) -> Any:
    """A model made in the sizes of its weights and given them; nothing is drawn at random."""
    weights = _weights(files.folder / name)
    with torch.device("meta"), _quiet():
        model = kind(**measured(weights))
    missing, _ = model.load_state_dict(weights, strict=False, assign=True)
    if missing:
        raise EngineUnavailable(
            f"The model {files.name} lacks {len(missing)} weights of {name}, {missing[0]} "
            "among them.",
            verify(files.name),
        )
    return model


def _weights(file: Path) -> dict[str, torch.Tensor]:
    """By torch's restricted unpickler; mapped where the file is of the kind that can be."""
    loaded: Any = torch.load(
        file, map_location="cpu", weights_only=True, mmap=zipfile.is_zipfile(file)
    )
    state: dict[str, torch.Tensor] = loaded.get(_VOCODER_STATE, loaded)
    return state


@contextmanager
def _quiet() -> Iterator[None]:
    """Upstream makes GPT-2 without its vocabulary, and norms of weights in the old way."""
    told = logging.getLogger("transformers.configuration_utils")
    level = told.level
    told.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        told.setLevel(level)

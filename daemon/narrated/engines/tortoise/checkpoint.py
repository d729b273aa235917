"""Loads a checkpoint: its four models in upstream's classes, and the tokenizer.

The shapes of the weights tell the arguments of the classes. Upstream hard-codes these for its one
published model (tortoise/api.py).
"""

import logging
import re
import warnings
import zipfile
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any

import torch
from torch import nn

from narrated.engines.interface import EngineContext
from narrated.engines.neural.checkpoint_lookup import HashedCheckpoint, verify_remedy
from narrated.engines.neural.damaged_files import guard_reading
from narrated.engines.neural.packed_linear import can_pack
from narrated.engines.neural.torch_device import TorchDevice
from narrated.engines.neural.torch_model import TorchModel, copy_into_memory, weights_key
from narrated.engines.tortoise.cpu_layers import replace_layers
from narrated.engines.tortoise.required_files import AUTOREGRESSIVE, CLVP, DIFFUSION, VOCODER
from narrated.engines.tortoise.univnet import UnivNet
from narrated.engines.tortoise.upstream_modules import upstream
from narrated.errors import EngineError, EngineUnavailable

MOST_TOKENS = 398
"""Most tokens of a text: the model reads 400, and upstream adds one and spares one."""

_HEAD_SIZE = 64  # GPT-2's in every published size, and CLVP's by its code
_CONDITIONINGS = 2  # positions that upstream reserves for more clips than one
_NUMBER = re.compile(r"[0-9][0-9,]*[0-9]")
_MOST_DIGITS = 36
"""Most digits of a number that the tokenizer can spell; it raises for a longer one."""


_Weights = Mapping[str, torch.Tensor]


@dataclass(frozen=True, slots=True)
class ClipEncoders:
    """The encoders of a voice's clips, used once for each voice, always on the host.

    On a device they would take 0.4 GiB permanently, as much as a captioner.
    """

    autoregressive: nn.Module
    diffusion: nn.Module


class TortoiseModels(nn.Module):
    """The four models, without the parts that only training needs.

    `dtype` is the precision of the autoregressive model and of CLVP; the norms of the others accept
    single precision only. The `ears` are no submodule, so they stay on the host.
    """

    def __init__(
        self,
        autoregressive: Any,
        clvp: Any,
        diffusion: Any,
        vocoder: UnivNet,
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
        self.clvp_weights = _weight_count(clvp.speech_transformer)
        self.diffusion_weights = _weight_count(diffusion.layers)

    @property
    def device(self) -> torch.device:
        """Device of the weights."""
        return next(self.parameters()).device

    @property
    def width(self) -> int:
        """Width of the autoregressive latent of a voice; the diffusion latent has twice it."""
        return int(self.autoregressive.model_dim)

    def halved(self) -> torch.autocast:
        """Multiply matrices in `dtype` though the weights are in single precision.

        Each weight is used once a step, so its conversion is not cached.
        """
        lowers = self.dtype != torch.float32
        return torch.autocast(self.device.type, self.dtype, enabled=lowers, cache_enabled=False)


def _weight_count(module: nn.Module) -> float:
    """Number of weights that each position is multiplied with."""
    return float(sum(each.numel() for each in module.parameters()))


@dataclass(frozen=True, slots=True)
class TortoiseCheckpoint:
    """A model and its tokenizer, wherever the weights are."""

    model: TorchModel[TortoiseModels]
    digest: str
    dtype: str
    tokenizer: Any

    @classmethod
    def opened(
        cls, files: HashedCheckpoint, dtype: str, context: EngineContext
    ) -> "TortoiseCheckpoint":
        """Read all but the weights. Raises EngineUnavailable if upstream's code is missing."""
        device = TorchDevice.chosen(context.device)
        precision = device.precision(dtype)
        key = weights_key(files.digest, precision, device)
        model = TorchModel(files.name, key, device, read=lambda: _read(files, precision, device))
        tokenizer = upstream().VoiceBpeTokenizer()
        return cls(context.hold(model), files.digest, str(precision), tokenizer)

    def words(self, text: str) -> Sequence[int]:
        """The tokenizer's ids of a text. Raises EngineError if they are too many."""
        plain = upstream().convert_to_ascii(text.encode("utf-8", "replace").decode("utf-8"))
        ids = self.tokenizer.encode(_NUMBER.sub(_spellable, plain).strip())
        if len(ids) > MOST_TOKENS:
            raise EngineError(
                f"The text is too long for Tortoise: {len(ids)} tokens, where it reads "
                f"{MOST_TOKENS}.",
                "Have it cut into shorter pieces.",
            )
        return tuple(ids)


def _spellable(number: re.Match[str]) -> str:
    digits = number[0].replace(",", "")
    return number[0] if len(digits) <= _MOST_DIGITS else " ".join(digits)


def _read(files: HashedCheckpoint, precision: torch.dtype, device: TorchDevice) -> TortoiseModels:
    with guard_reading(f"The model {files.name}", verify_remedy(files.name)):
        models = assemble(*(_filled(files, name) for name in MODELS), precision=precision)
    if can_pack(precision, device.torch):
        replace_layers(models.autoregressive, models.clvp)
    return models


def assemble(
    autoregressive: Any, clvp: Any, diffusion: Any, vocoder: Any, *, precision: torch.dtype
) -> TortoiseModels:
    """Strip upstream's four models of their training parts, and set the precision of each."""
    for block in autoregressive.gpt.h:
        block.attn._buffers.clear()  # masks of older transformers: narrated makes its own
    encoders = (autoregressive.conditioning_encoder, diffusion.contextual_embedder)
    for encoder in encoders:
        copy_into_memory(encoder.float().eval())  # the mapped file may be replaced meanwhile
    ears = ClipEncoders(*encoders)
    for model, unused in (
        (autoregressive, ("conditioning_encoder", "text_head")),
        (diffusion, ("contextual_embedder", "code_embedding", "code_converter", "mel_head")),
    ):
        for name in unused:
            delattr(model, name)
    vocoder.eval(inference=True)  # folds the norms of its weights in
    univnet = UnivNet(vocoder.float())
    autoregressive.to(precision)
    inverse = [(m, m.inv_freq.float()) for m in clvp.modules() if hasattr(m, "inv_freq")]
    clvp.to(precision)
    for module, frequencies in inverse:
        module.inv_freq = frequencies  # half precision cannot separate the positions
    return TortoiseModels(autoregressive, clvp, diffusion.float(), univnet, ears, precision)


def _filled(files: HashedCheckpoint, name: str) -> Any:
    """Build a model in the shapes of its weights, without random initialisation."""
    weights = _weights(files.folder / name)
    kind, arguments = MODELS[name]
    with torch.device("meta"), _quiet():
        model = getattr(upstream(), kind)(**arguments(weights))
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
    is_zip = zipfile.is_zipfile(file)
    loaded: Any = torch.load(file, map_location="cpu", weights_only=True, mmap=is_zip)
    state: dict[str, torch.Tensor] = loaded.get("model_g", loaded)  # the vocoder's
    return state


@contextmanager
def _quiet() -> Iterator[None]:
    """Silence warnings: upstream builds GPT-2 without a vocabulary, and old weight norms."""
    told = logging.getLogger("transformers.configuration_utils")
    level = told.level
    told.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings(action="ignore"):
            yield
    finally:
        told.setLevel(level)


def _unified_voice(weights: _Weights) -> dict[str, Any]:
    text_tokens, width = weights["text_embedding.weight"].shape
    codes = len(weights["mel_embedding.weight"])
    return {
        "layers": _count(weights, r"gpt\.h\.(\d+)\."),
        "model_dim": width,
        "heads": width // _HEAD_SIZE,
        "max_text_tokens": len(weights["text_pos_embedding.emb.weight"]) - 2,
        "max_mel_tokens": len(weights["mel_pos_embedding.emb.weight"]) - 2 - _CONDITIONINGS,
        "max_conditioning_inputs": _CONDITIONINGS,
        "number_text_tokens": text_tokens - 1,
        "start_text_token": text_tokens - 1,
        "number_mel_codes": codes,
        "start_mel_token": codes - 2,
        "stop_mel_token": codes - 1,
        "checkpointing": False,
        "train_solo_embeddings": False,
    }


def _clvp(weights: _Weights) -> dict[str, Any]:
    """Those of the second CLVP, the one with rotary positions."""
    text_tokens, text_width = weights["text_emb.weight"].shape
    speech_tokens, speech_width = weights["speech_emb.weight"].shape
    layer = "{}_transformer.transformer.attn_layers.layers.{}"
    return {
        "dim_text": text_width,
        "dim_speech": speech_width,
        "dim_latent": len(weights["to_text_latent.weight"]),
        "num_text_tokens": text_tokens,
        "num_speech_tokens": speech_tokens,
        # An attention layer and a feed-forward layer count as one.
        "text_enc_depth": _count(weights, layer.format("text", r"(\d+)\.")) // 2,
        "speech_enc_depth": _count(weights, layer.format("speech", r"(\d+)\.")) // 2,
        "text_heads": _heads(weights, layer.format("text", 0)),
        "speech_heads": _heads(weights, layer.format("speech", 0)),
        "use_xformers": True,
    }


def _diffusion_tts(weights: _Weights) -> dict[str, Any]:
    width, mels, _ = weights["inp_block.weight"].shape
    return {
        "model_channels": width,
        "num_layers": _count(weights, r"layers\.(\d+)\.resblk"),
        "in_channels": mels,
        "out_channels": len(weights["out.2.weight"]),
        "in_latent_channels": weights["latent_conditioner.0.weight"].shape[1],
        "in_tokens": len(weights["code_embedding.weight"]),
        "num_heads": weights[
            "layers.0.attn.relative_pos_embeddings.relative_attention_bias.weight"
        ].shape[1],
        "dropout": 0,
        "layer_drop": 0,
        "unconditioned_percentage": 0,
    }


def _univnet(weights: _Weights) -> dict[str, Any]:
    channels, noise, _ = weights["conv_pre.weight_v"].shape
    mels = weights["res_stack.0.kernel_predictor.input_conv.0.weight_v"].shape[1]
    return {"noise_dim": noise, "channel_size": channels, "n_mel_channels": mels}


def _count(weights: Iterable[str], pattern: str) -> int:
    return len({match[1] for name in weights if (match := re.match(pattern, name))})


def _heads(weights: _Weights, layer: str) -> int:
    return len(weights[f"{layer}.1.wrap.to_q.weight"]) // _HEAD_SIZE


MODELS: Mapping[str, tuple[str, Callable[[_Weights], dict[str, Any]]]] = MappingProxyType(
    {
        AUTOREGRESSIVE: ("UnifiedVoice", _unified_voice),
        CLVP: ("CLVP", _clvp),
        DIFFUSION: ("DiffusionTts", _diffusion_tts),
        VOCODER: ("UnivNetGenerator", _univnet),
    }
)
"""Each file's class of upstream, and the arguments that its weights tell."""

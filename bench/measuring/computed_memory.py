"""Memory that models would take of a GPU, summed over their tensors as they come and go.

On the device "meta" tensors have shapes and no content, so that models of any size are gone
through in a moment. Attention is counted as if all its scores were kept, which a GPU's kernels do
not do: the sum is more than a GPU needs, not less.
"""

import weakref
from collections.abc import Callable, Sequence
from functools import cache
from typing import Any

import torch
from torch.nn.functional import gelu
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves
from transformers import DynamicCache, EncodecConfig, EncodecModel, EncoderDecoderCache

from measuring import checkpoints
from measuring.model_memory import ModelMemory, ModelSet, picture_slots, take_slots
from narrated.engines.bark.fine import passed
from narrated.engines.bark.transformer_adapter import BarkTransformer
from narrated.engines.neural.decoder import KeyValueDecoder
from narrated.engines.neural.stage_pipeline import requests_per_pass
from narrated.engines.tortoise.autoregressive import UnifiedVoiceTransformer
from narrated.engines.tortoise.clvp_ranking import encode_speech
from narrated.engines.tortoise.diffusion import BatchDenoiser
from narrated.engines.tortoise.options import DEFAULT_BATCH, TortoiseSettings

HOW = "computed from the tensors' shapes in the dtypes of a GPU: there is no card here"

_HALF = torch.bfloat16
_TEXT, _SEMANTIC = 257, 768
_COARSE_PROMPT, _WINDOW = 887, 60
_FINE = 1024
_LONGEST_S = 15.4
_PARTS = 8
_CAPTION = 160
_PROMPT = 128
_HEARD = 448


class TensorCount(TorchDispatchMode):
    """Counts every tensor that an operation in its block gives, as long as the tensor lives."""

    def __init__(self) -> None:
        super().__init__()
        self.peak_bytes = 0
        self._now_bytes = 0
        self._seen: set[int] = set()

    def __torch_dispatch__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: Any = None
    ) -> Any:
        given = {_key(t) for t in tree_leaves((args, kwargs)) if isinstance(t, torch.Tensor)}
        result = func(*args, **(kwargs or {}))
        for tensor in tree_leaves(result):
            if isinstance(tensor, torch.Tensor) and _key(tensor) not in given | self._seen:
                self._count(tensor.untyped_storage())
        return result

    def _count(self, storage: torch.UntypedStorage) -> None:
        key, size = storage._cdata, storage.nbytes()
        self._seen.add(key)
        self._now_bytes += size
        self.peak_bytes = max(self.peak_bytes, self._now_bytes)
        weakref.finalize(storage, self._forget, key, size)

    def _forget(self, key: int, size: int) -> None:
        self._seen.discard(key)
        self._now_bytes -= size


def _key(tensor: torch.Tensor) -> int:
    return int(tensor.untyped_storage()._cdata)


def measure(names: Sequence[str], texts: int, bound: int) -> ModelSet:
    """Go through each model on the device that holds nothing."""
    models = [_measured(name, texts) for name in names]
    warm = sum(each.weights for each in models)
    # Of engines amid their requests one computes; the others keep theirs meanwhile.
    peak = warm + sum(m.kept for m in models) + max(m.working - m.kept for m in models)
    if peak <= bound:
        return ModelSet(models, peak, "side by side")
    return ModelSet(models, warm + max(each.working for each in models), "in turns")


@cache
def _measured(name: str, texts: int) -> ModelMemory:
    return _MODELS[name](texts)


@torch.no_grad()
def _bark(texts: int) -> ModelMemory:
    module = _placed(checkpoints.bark)
    module.codec_model.float()
    width = module.config.semantic_config.hidden_size
    kept = []
    working = 0
    for part, prompt, new in (
        (module.semantic, _TEXT, _SEMANTIC),
        (module.coarse_acoustics, _COARSE_PROMPT, _WINDOW),
    ):
        causal = BarkTransformer(part)
        prompts = torch.empty((texts, prompt, width), dtype=_HALF, device="meta")
        held, peak = _decode(causal, texts, prompt + new - 1, causal.placed(prompts))
        working = max(working, sum(kept) + peak)
        kept.append(held)
    with TensorCount() as counted:
        codes = torch.empty((texts, _FINE, 8), dtype=torch.int64, device="meta")
        (passed(module.fine_acoustics, codes, 7)[..., :1024].float() / 0.5).softmax(-1)
    working = max(working, sum(kept) + counted.peak_bytes)
    working = max(working, sum(kept) + _codec())
    return ModelMemory("bark", _weights(module), working, sum(kept))


def _decode(causal: Any, slots: int, length: int, prompts: torch.Tensor) -> tuple[int, int]:
    """Fill a batch with prompts, and go one step; gives the bytes kept, and the peak."""
    with TensorCount() as counted:
        decoder = KeyValueDecoder(causal, slots, length)
        kept = counted.peak_bytes
        lengths = torch.full((len(prompts),), prompts.shape[1], device="meta")
        decoder.fill(causal, 0, prompts, lengths)
        tokens = torch.zeros(slots, dtype=torch.int64, device="meta")
        logits = decoder.step(causal, tokens, tokens, tokens, decoder.length)
        logits.double().softmax(-1).cumsum(-1)
    return kept, counted.peak_bytes


def _codec() -> int:
    """On the processor: its padding depends on its buffers. An eighth, and scaled."""
    codec = EncodecModel(EncodecConfig())
    codes = torch.zeros((8, 1, int(75 * _LONGEST_S / _PARTS)), dtype=torch.int64)
    with TensorCount() as counted:
        codec.decoder(codec.quantizer.decode(codes))
    return counted.peak_bytes * _PARTS


@torch.no_grad()
def _blip(_texts: int) -> ModelMemory:
    module = _placed(checkpoints.blip)
    pictures = picture_slots("blip")
    with TensorCount() as counted:
        seen = torch.empty((pictures, 3, 384, 384), dtype=_HALF, device="meta")
        captions = torch.empty((pictures, _CAPTION), dtype=torch.int64, device="meta")
        module(pixel_values=seen, input_ids=captions)
    return ModelMemory("blip", _weights(module), counted.peak_bytes, 0)


@torch.no_grad()
def _florence(_texts: int) -> ModelMemory:
    module = _placed(checkpoints.florence)
    pictures = picture_slots("florence-2")
    module.set_attn_implementation("eager")  # the others look into the mask
    with TensorCount() as counted:
        seen = torch.empty((pictures, 3, 768, 768), dtype=_HALF, device="meta")
        features = module.model.vision_tower(seen)
        features = getattr(features, "last_hidden_state", features)
        projected = module.model.multi_modal_projector(features)
        captions = torch.empty((pictures, _CAPTION), dtype=torch.int64, device="meta")
        output = module.model.language_model(inputs_embeds=projected, decoder_input_ids=captions)
        module.lm_head(output.last_hidden_state)
    return ModelMemory("florence-2", _weights(module), counted.peak_bytes, 0)


@torch.no_grad()
def _whisper(_texts: int) -> ModelMemory:
    """A full batch of windows, each as long in words as Whisper writes."""
    module = _placed(checkpoints.whisper)
    windows = take_slots("whisper-base")
    encoder: Any = module.get_encoder()
    with TensorCount() as counted:
        features = torch.empty((windows, 80, 3000), dtype=_HALF, device="meta")
        hidden = gelu(encoder.conv2(gelu(encoder.conv1(features)))).permute(0, 2, 1)
        hidden = hidden + encoder.embed_positions.weight
        for layer in encoder.layers:
            hidden = layer(hidden, None)
        hidden = encoder.layer_norm(hidden)
        cache = EncoderDecoderCache(DynamicCache(), DynamicCache())
        for length in (_HEARD - 1, 1):
            ids = torch.zeros((windows, length), dtype=torch.int64, device="meta")
            seen = module.get_decoder()(ids, None, hidden, cache).last_hidden_state
        module.proj_out(seen[:, -1]).float().log_softmax(-1)
    # Between two steps it keeps what it has heard so far, which is nearly all of it.
    return ModelMemory("whisper-base", _weights(module), counted.peak_bytes, counted.peak_bytes)


def _placed(model: Callable[[], Any]) -> Any:
    with torch.device("meta"):
        return model().eval().to(_HALF)


@torch.no_grad()
def _tortoise(texts: int) -> ModelMemory:
    """Diffusion in single precision throughout: a GPU, which lowers parts, takes less."""
    with torch.device("meta"):
        module = checkpoints.tortoise(_HALF)
        prompt = torch.empty((1, _PROMPT, module.width), dtype=_HALF)
        settings = TortoiseSettings.of({})
        candidates = min(DEFAULT_BATCH, texts * settings.num_autoregressive_samples)
        codes = torch.zeros((candidates, settings.max_mel_tokens), dtype=torch.int64)
    speaker = UnifiedVoiceTransformer(module.autoregressive)
    kept, speaking = _decode(speaker, candidates, _PROMPT + settings.max_mel_tokens, prompt)
    with TensorCount() as ranking:
        encode_speech(module.clvp, codes)
    frames = settings.max_mel_tokens * 4 * 24_000 // 22_050
    branches = 2 * requests_per_pass(1.0, 2 * frames, torch.device("cuda"), texts)
    with TensorCount() as diffusing, torch.device("meta"):
        # One is shorter, so that the mask that keeps them apart is there.
        denoiser = BatchDenoiser(module.diffusion, [frames - 1, *[frames] * (branches - 1)])
        denoiser.predicted(
            torch.empty(branches, 100, frames),
            torch.zeros(branches, dtype=torch.int64),
            torch.empty(branches, module.diffusion.model_channels, frames),
        )
    working = max(speaking, ranking.peak_bytes, diffusing.peak_bytes)
    return ModelMemory("tortoise", _weights(module), working, kept)


def _weights(module: torch.nn.Module) -> int:
    """Bytes of parameters and buffers, each counted once."""
    tensors = {id(each): each for each in (*module.parameters(), *module.buffers())}
    return sum(each.nbytes for each in tensors.values())


_MODELS: dict[str, Callable[[int], ModelMemory]] = {
    "bark": _bark,
    "blip": _blip,
    "florence-2": _florence,
    "tortoise": _tortoise,
    "whisper-base": _whisper,
}

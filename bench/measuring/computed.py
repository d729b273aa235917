"""What models would take of a GPU, summed over their tensors' shapes."""

from collections.abc import Callable, Sequence
from functools import cache
from typing import Any

import torch
from transformers import EncodecConfig, EncodecModel

from measuring import checkpoints
from measuring.take import Take, Together, pictures_of
from measuring.tensors import Counted, weights
from narrated.engines.bark.fine import passed
from narrated.engines.bark.transformer_blocks import BarkTransformer
from narrated.engines.neural.decoder import KeyValueDecoder
from narrated.engines.neural.stage_pipeline import requests_per_pass
from narrated.engines.tortoise.clvp_encoders import encode_speech
from narrated.engines.tortoise.denoiser import BatchDenoiser
from narrated.engines.tortoise.options import DEFAULT_BATCH, TortoiseSettings
from narrated.engines.tortoise.unified_voice import UnifiedVoiceTransformer as Speaker

HOW = "computed from the tensors' shapes in the dtypes of a GPU: there is no card here"

_HALF = torch.bfloat16
_TEXT, _SEMANTIC = 257, 768
_COARSE_PROMPT, _WINDOW = 887, 60
_FINE = 1024
_LONGEST_S = 15.4
_CAPTION = 160
_PROMPT = 128


def together(names: Sequence[str], rows: int, bound: int) -> Together:
    """Each model, gone through on the device that holds nothing."""
    takes = [_taken(name, rows) for name in names]
    weights = sum(take.weights for take in takes)
    # Of engines in the midst of their rows one computes; what the others keep is theirs meanwhile.
    beside = weights + sum(t.kept for t in takes) + max(t.working - t.kept for t in takes)
    if beside <= bound:
        return Together(takes, beside, "side by side")
    return Together(takes, weights + max(take.working for take in takes), "in turns")


@cache
def _taken(name: str, rows: int) -> Take:
    return _TAKES[name](rows)


@torch.no_grad()
def _bark(rows: int) -> Take:
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
        with Counted() as counted:
            decoder = KeyValueDecoder(causal, rows, prompt + new - 1)
            held = counted.peak_bytes
            prompts = torch.empty((rows, prompt, width), dtype=_HALF, device="meta")
            lengths = torch.full((rows,), prompt, device="meta")
            decoder.fill(causal, 0, causal.placed(prompts), lengths)
            logits = decoder.step(causal, lengths, lengths, lengths, decoder.length)
            logits.double().softmax(-1).cumsum(-1)
        kept.append(held)
        working = max(working, sum(kept[:-1]) + counted.peak_bytes)
    with Counted() as counted:
        codes = torch.empty((rows, _FINE, 8), dtype=torch.int64, device="meta")
        (passed(module.fine_acoustics, codes, 7)[..., :1024].float() / 0.5).softmax(-1)
    working = max(working, sum(kept) + counted.peak_bytes)
    working = max(working, sum(kept) + _codec())
    return Take("bark", weights(module), working, sum(kept))


def _codec() -> int:
    """On the processor: its padding is worked out from what stands in its buffers."""
    codec = EncodecModel(EncodecConfig())
    codes = torch.zeros((8, 1, int(75 * _LONGEST_S)), dtype=torch.int64)
    with Counted() as counted:
        codec.decoder(codec.quantizer.decode(codes))
    return counted.peak_bytes


@torch.no_grad()
def _blip(_rows: int) -> Take:
    module = _placed(checkpoints.blip)
    pictures = pictures_of("blip")
    with Counted() as counted:
        seen = torch.empty((pictures, 3, 384, 384), dtype=_HALF, device="meta")
        said = torch.empty((pictures, _CAPTION), dtype=torch.int64, device="meta")
        module(pixel_values=seen, input_ids=said)
    return Take("blip", weights(module), counted.peak_bytes, 0)


@torch.no_grad()
def _florence(_rows: int) -> Take:
    module = _placed(checkpoints.florence)
    pictures = pictures_of("florence-2")
    module.set_attn_implementation("eager")  # the others look at what a mask holds
    with Counted() as counted:
        seen = torch.empty((pictures, 3, 768, 768), dtype=_HALF, device="meta")
        features = module.model.vision_tower(seen)
        features = getattr(features, "last_hidden_state", features)
        projected = module.model.multi_modal_projector(features)
        said = torch.empty((pictures, _CAPTION), dtype=torch.int64, device="meta")
        output = module.model.language_model(inputs_embeds=projected, decoder_input_ids=said)
        module.lm_head(output.last_hidden_state)
    return Take("florence-2", weights(module), counted.peak_bytes, 0)


def _placed(model: Callable[[], Any]) -> Any:
    with torch.device("meta"):
        return model().eval().to(_HALF)


@torch.no_grad()
def _tortoise(rows: int) -> Take:
    """Diffusion in single precision throughout: what a GPU lowers takes less."""
    with torch.device("meta"):
        module = checkpoints.tortoise(_HALF)
        prompt = torch.empty((1, _PROMPT, module.width), dtype=_HALF)
        lengths = torch.full((1,), _PROMPT)
        settings = TortoiseSettings.of({})
        candidates = min(DEFAULT_BATCH, rows * settings.num_autoregressive_samples)
        tokens = torch.zeros(candidates, dtype=torch.int64)
        codes = torch.zeros((candidates, settings.max_mel_tokens), dtype=torch.int64)
    causal = Speaker(module.autoregressive)
    with Counted() as speaking:
        decoder = KeyValueDecoder(causal, candidates, _PROMPT + settings.max_mel_tokens)
        kept = speaking.peak_bytes
        decoder.fill(causal, 0, prompt, lengths)
        logits = decoder.step(causal, tokens, tokens, tokens, decoder.length)
        logits.double().softmax(-1).cumsum(-1)
    with Counted() as ranking:
        encode_speech(module.clvp, codes)
    frames = settings.max_mel_tokens * 4 * 24_000 // 22_050
    branches = 2 * requests_per_pass(1.0, 2 * frames, torch.device("cuda"), rows)
    with Counted() as diffusing, torch.device("meta"):
        # One is shorter, so that what keeps them apart is there.
        denoiser = BatchDenoiser(module.diffusion, [frames - 1, *[frames] * (branches - 1)])
        denoiser.predicted(
            torch.empty(branches, 100, frames),
            torch.zeros(branches, dtype=torch.int64),
            torch.empty(branches, module.diffusion.model_channels, frames),
        )
    working = max(each.peak_bytes for each in (speaking, ranking, diffusing))
    return Take("tortoise", weights(module), working, kept)


_TAKES: dict[str, Callable[[int], Take]] = {
    "bark": _bark,
    "blip": _blip,
    "florence-2": _florence,
    "tortoise": _tortoise,
}

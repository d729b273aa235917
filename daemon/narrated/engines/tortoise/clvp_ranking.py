"""The third stage: chooses the candidate that fits the text best, by CLVP.

As in upstream, every candidate is padded to the greatest possible length. The encoders of CLVP run
layer by layer: upstream keeps the attention of all layers to the end, nine gigabytes for sixteen
candidates.
"""

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor
from torch.nn.functional import normalize, scaled_dot_product_attention

from narrated.engines.neural.stage_pipeline import Stage, requests_per_pass
from narrated.engines.tortoise.checkpoint import TortoiseModels
from narrated.engines.tortoise.request import TortoiseRequest

SILENCE_CODE = 83
"""The code of silence."""
_ENDING_CODES = (45, 45, 248)
"""The last codes of a padded clip, as the diffusion model was trained."""


class RankingStage(Stage[TortoiseModels, TortoiseRequest]):
    """Scores several candidates of the first queued request at once."""

    share = 0.05

    def work(self, module: TortoiseModels, width: int) -> Sequence[TortoiseRequest]:
        """Score some candidates of the first request; choose the best once all have a score."""
        request = self._waiting[0]
        candidates = [
            pad_codes(codes or (), request.settings.max_mel_tokens) for codes in request.candidates
        ]
        best = 0
        if len(candidates) > 1:
            _score_some(module, request, candidates, width)
            if len(request.scores) < len(candidates):
                return []
            best = request.scores.index(max(request.scores))
        request.codes = candidates[best]
        self._waiting.popleft()
        return [request]

    def progress(self, request: TortoiseRequest) -> float:
        """Share of the candidates that have a score."""
        return len(request.scores) / len(request.candidates)


def pad_codes(codes: Sequence[int], length: int) -> Sequence[int]:
    """Pad codes with silence after their end; codes without an end stay as they are."""
    if len(codes) == length:
        return codes
    filled = [*codes, *[SILENCE_CODE] * (length - len(codes))]
    return [*filled[:-3], *_ENDING_CODES][-length:]


def _score_some(
    module: TortoiseModels,
    request: TortoiseRequest,
    candidates: Sequence[Sequence[int]],
    width: int,
) -> None:
    clvp: Any = module.clvp
    weights = float(sum(p.numel() for p in clvp.speech_transformer.parameters()))
    most = requests_per_pass(weights, len(candidates[0]), module.device, width)
    done = len(request.scores)
    codes = torch.tensor(candidates[done : done + most], device=module.device)
    text = torch.tensor([[*request.words, 0]], device=module.device)
    told = _encode(clvp.text_transformer.transformer, clvp.text_emb(text), clvp.to_text_latent)
    scores = encode_speech(clvp, codes) @ told[0] * clvp.temperature.float().exp()
    if not request.require_finite(scores, "CLVP"):
        scores = torch.zeros(len(candidates))
    request.scores += scores.tolist()


def encode_speech(clvp: Any, codes: Tensor) -> Tensor:
    """Embed codes (rows, length) as unit vectors (rows, width)."""
    transformer = clvp.speech_transformer.transformer
    return _encode(transformer, clvp.speech_emb(codes), clvp.to_speech_latent)


def _encode(transformer: Any, hidden: Tensor, head: Any) -> Tensor:
    layers = transformer.attn_layers
    angles = layers.rotary_pos_emb(hidden.shape[1], hidden.device)
    for kind, ((norm, *_), block, _) in zip(layers.layer_types, layers.layers, strict=True):
        normed = norm(hidden)
        inner = block.wrap
        hidden = hidden + (_attended(inner, normed, angles) if kind == "a" else inner(normed))
    mean = transformer.norm(hidden).float().mean(1)
    return normalize(head(mean.to(hidden.dtype)).float(), dim=-1)


def _attended(attention: Any, hidden: Tensor, angles: Tensor) -> Tensor:
    """Attend with rotary positions on queries, keys and values (xtransformers.Attention)."""
    rows, length, _ = hidden.shape
    query, key, value = (
        _rotated(project(hidden).view(rows, length, attention.heads, -1).transpose(1, 2), angles)
        for project in (attention.to_q, attention.to_k, attention.to_v)
    )
    attended = scaled_dot_product_attention(query, key, value)
    out: Tensor = attention.to_out(attended.transpose(1, 2).reshape(rows, length, -1))
    return out


def _rotated(heads: Tensor, angles: Tensor) -> Tensor:
    """Rotate the first part of heads (rows, heads, length, size) by (1, 1, length, part)."""
    part = angles.shape[-1]
    turning = heads[..., :part].float()
    first, second = turning.chunk(2, -1)
    turning = turning * angles.cos() + torch.cat((-second, first), -1) * angles.sin()
    return torch.cat((turning.to(heads.dtype), heads[..., part:]), -1)

"""The third stage: chooses the candidate that fits the text best, by CLVP, or the next best.

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
from narrated.engines.neural.transfers import to_device
from narrated.engines.tortoise.candidate_draws import (
    Candidate,
    CandidateDraws,
    best_first,
    usable,
)
from narrated.engines.tortoise.checkpoint import TortoiseModels
from narrated.engines.tortoise.request import TortoiseRequest, pad_codes


class RankingStage(Stage[TortoiseModels, TortoiseRequest]):
    """Scores several candidates of the first queued request at once."""

    share = 0.05

    def __init__(self, draws: CandidateDraws) -> None:
        super().__init__()
        self._draws = draws

    def work(self, module: TortoiseModels, width: int) -> Sequence[TortoiseRequest]:
        """Score some candidates of the first request; choose one once all have a score."""
        request = self._waiting[0]
        if not request.codes:
            count = len(request.candidates)
            if count > 1:
                _score_some(module, request, width)
                if len(request.scores) < count:
                    return []
            self._choose(request)
        self._waiting.popleft()
        return [request]

    def _choose(self, request: TortoiseRequest) -> None:
        scores, ended = request.scores or [0.0], request.have_ended
        codes = (each or () for each in request.candidates)
        candidates = [Candidate(*each) for each in zip(codes, ended, strict=True)]
        if not request.settings.ended_first:
            request.choose(candidates[scores.index(max(scores))])
            return
        ranked = [candidates[number] for number in best_first(scores, ended)]
        if not request.problem:
            self._draws.keep(request.draw_key, usable(ended), ranked)
        request.choose(ranked[request.place])

    def progress(self, request: TortoiseRequest) -> float:
        """Share of the candidates that have a score."""
        return len(request.scores) / len(request.candidates)


def _score_some(
    module: TortoiseModels,
    request: TortoiseRequest,
    width: int,
) -> None:
    clvp: Any = module.clvp
    length, done = request.settings.max_mel_tokens, len(request.scores)
    most = requests_per_pass(module.clvp_weights, length, module.device, width)
    some = request.candidates[done : done + most]
    padded = [pad_codes(codes or (), length) for codes in some]
    codes = to_device(torch.tensor(padded), module.device)
    text = to_device(torch.tensor([[*request.words, 0]]), module.device)
    told = _encode(clvp.text_transformer.transformer, clvp.text_emb(text), clvp.to_text_latent)
    scores = encode_speech(clvp, codes) @ told[0] * clvp.temperature.float().exp()
    if not request.require_finite(scores, "CLVP"):
        scores = torch.zeros(len(request.candidates))
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

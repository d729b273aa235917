"""CLVP's two encoders, layer by layer: upstream keeps the attention of all of them to the end.

For a batch of sixteen candidates that would be nine gigabytes.
"""

from typing import Any

import torch
from torch.nn.functional import normalize, scaled_dot_product_attention


def said(clvp: Any, text: torch.Tensor) -> torch.Tensor:
    """What texts (rows, length) mean, as unit vectors (rows, width)."""
    return _meant(clvp.text_transformer.transformer, clvp.text_emb(text), clvp.to_text_latent)


def heard(clvp: Any, codes: torch.Tensor) -> torch.Tensor:
    """What codes (rows, length) mean, as unit vectors (rows, width)."""
    transformer = clvp.speech_transformer.transformer
    return _meant(transformer, clvp.speech_emb(codes), clvp.to_speech_latent)


def _meant(transformer: Any, hidden: torch.Tensor, head: Any) -> torch.Tensor:
    layers = transformer.attn_layers
    angles = layers.rotary_pos_emb(hidden.shape[1], hidden.device)
    for kind, ((norm, *_), block, _) in zip(layers.layer_types, layers.layers, strict=True):
        normed = norm(hidden)
        inner = block.wrap
        hidden = hidden + (_attended(inner, normed, angles) if kind == "a" else inner(normed))
    mean = transformer.norm(hidden).float().mean(1)
    return normalize(head(mean.to(hidden.dtype)).float(), dim=-1)


def _attended(attention: Any, hidden: torch.Tensor, angles: torch.Tensor) -> torch.Tensor:
    """Queries, keys and values too are turned by their positions (xtransformers.Attention)."""
    rows, length, _ = hidden.shape
    query, key, value = (
        _turned(project(hidden).view(rows, length, attention.heads, -1).transpose(1, 2), angles)
        for project in (attention.to_q, attention.to_k, attention.to_v)
    )
    attended = scaled_dot_product_attention(query, key, value)
    out: torch.Tensor = attention.to_out(attended.transpose(1, 2).reshape(rows, length, -1))
    return out


def _turned(heads: torch.Tensor, angles: torch.Tensor) -> torch.Tensor:
    """Heads (rows, heads, length, size), the first part of each by angles (1, 1, length, part)."""
    part = angles.shape[-1]
    turning = heads[..., :part].float()
    first, second = turning.chunk(2, -1)
    turning = turning * angles.cos() + torch.cat((-second, first), -1) * angles.sin()
    return torch.cat((turning.to(heads.dtype), heads[..., part:]), -1)

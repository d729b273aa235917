"""The two encoders of CLVP, layer by layer.

Upstream keeps the attention of all layers to the end: nine gigabytes for sixteen candidates.
"""

from typing import Any

import torch
from torch.nn.functional import normalize, scaled_dot_product_attention


def encode_text(clvp: Any, text: torch.Tensor) -> torch.Tensor:
    """Embed texts (rows, length) as unit vectors (rows, width)."""
    return _encode(clvp.text_transformer.transformer, clvp.text_emb(text), clvp.to_text_latent)


def encode_speech(clvp: Any, codes: torch.Tensor) -> torch.Tensor:
    """Embed codes (rows, length) as unit vectors (rows, width)."""
    transformer = clvp.speech_transformer.transformer
    return _encode(transformer, clvp.speech_emb(codes), clvp.to_speech_latent)


def _encode(transformer: Any, hidden: torch.Tensor, head: Any) -> torch.Tensor:
    layers = transformer.attn_layers
    angles = layers.rotary_pos_emb(hidden.shape[1], hidden.device)
    for kind, ((norm, *_), block, _) in zip(layers.layer_types, layers.layers, strict=True):
        normed = norm(hidden)
        inner = block.wrap
        hidden = hidden + (_attended(inner, normed, angles) if kind == "a" else inner(normed))
    mean = transformer.norm(hidden).float().mean(1)
    return normalize(head(mean.to(hidden.dtype)).float(), dim=-1)


def _attended(attention: Any, hidden: torch.Tensor, angles: torch.Tensor) -> torch.Tensor:
    """Attend with rotary positions on queries, keys and values (xtransformers.Attention)."""
    rows, length, _ = hidden.shape
    query, key, value = (
        _turned(project(hidden).view(rows, length, attention.heads, -1).transpose(1, 2), angles)
        for project in (attention.to_q, attention.to_k, attention.to_v)
    )
    attended = scaled_dot_product_attention(query, key, value)
    out: torch.Tensor = attention.to_out(attended.transpose(1, 2).reshape(rows, length, -1))
    return out


def _turned(heads: torch.Tensor, angles: torch.Tensor) -> torch.Tensor:
    """Rotate the first part of heads (rows, heads, length, size) by (1, 1, length, part)."""
    part = angles.shape[-1]
    turning = heads[..., :part].float()
    first, second = turning.chunk(2, -1)
    turning = turning * angles.cos() + torch.cat((-second, first), -1) * angles.sin()
    return torch.cat((turning.to(heads.dtype), heads[..., part:]), -1)

"""Upstream's diffusion model over a batch of different lengths, with the results of each alone.

Convolutions, norms and attention read whole rows, so each of them must mask the padding. Rows of
equal length have no padding, and need no mask.
"""

from collections.abc import Sequence
from typing import Any

import torch
from torch.nn.functional import group_norm, scaled_dot_product_attention

from narrated.engines.tortoise.upstream_modules import upstream


class BatchDenoiser:
    """Wraps a DiffusionTts for rows of these lengths, for one step."""

    def __init__(self, model: Any, lengths: Sequence[int]) -> None:
        device = model.unconditioned_embedding.device
        places = torch.arange(max(lengths), device=device)
        is_even = min(lengths) == max(lengths)
        self._model = model
        self._lengths = torch.tensor(lengths, device=device)
        self._own = None if is_even else (places < self._lengths[:, None])[:, None]
        """(rows, 1, frames): True within a row; None without padding."""
        self._buckets = _buckets(places)

    def predicted(
        self, now: torch.Tensor, steps: torch.Tensor, heard: torch.Tensor
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Predict the noise in `now` (rows, bands, frames) and its variance, of equal shape.

        `steps` (rows,) are steps of the training; `heard` (rows, width, frames) is the speech's
        condition.
        """
        model = self._model
        time = model.time_embed(_embedded(steps, model.model_channels))
        for layer in model.conditioning_timestep_integrator:
            heard = self._layer(layer, heard, time)
        hidden = torch.cat([self._convolved(model.inp_block, now), heard], 1)
        hidden = model.integrating_conv(hidden)
        for layer in model.layers:
            is_whole = hasattr(layer, "attn")
            hidden = (self._layer if is_whole else self._residual)(layer, hidden, time)
        norm, activation, convolution = model.out
        out = self._convolved(convolution, activation(self._normed(norm, hidden.float())))
        noise, variance = out.float().chunk(2, 1)
        return noise, variance

    def _layer(self, layer: Any, hidden: torch.Tensor, time: torch.Tensor) -> torch.Tensor:
        return self._attended(layer.attn, self._residual(layer.resblk, hidden, time))

    def _residual(self, block: Any, hidden: torch.Tensor, time: torch.Tensor) -> torch.Tensor:
        norm, activation, convolution = block.in_layers
        inner = convolution(activation(self._normed(norm, hidden)))
        scale, shift = block.emb_layers(time)[..., None].to(inner.dtype).chunk(2, 1)
        norm, activation, _, convolution = block.out_layers
        inner = self._normed(norm, inner) * (1 + scale) + shift
        residual: torch.Tensor = hidden + self._convolved(convolution, activation(inner))
        return residual

    def _attended(self, block: Any, hidden: torch.Tensor) -> torch.Tensor:
        rows, width, frames = hidden.shape
        projected = block.qkv(self._normed(block.norm, hidden))
        query, key, value = projected.view(rows, block.num_heads, 3, -1, frames).unbind(2)
        attended = scaled_dot_product_attention(
            query.transpose(-1, -2),
            key.transpose(-1, -2),
            value.transpose(-1, -2),
            attn_mask=self._seen(block.relative_pos_embeddings, query.dtype),
        )
        out = block.proj_out(attended.transpose(-1, -2).reshape(rows, width, frames))
        after: torch.Tensor = hidden + out
        return after

    def _seen(self, bias: Any, dtype: torch.dtype) -> torch.Tensor:
        """The bias of attention: the distance of two frames, and the mask of the padding."""
        apart: torch.Tensor = bias.relative_attention_bias(self._buckets) * bias.scale
        apart = apart.permute(2, 0, 1)[None].to(dtype)
        return apart if self._own is None else apart.masked_fill(~self._own[:, None], -float("inf"))

    def _convolved(self, convolution: Any, hidden: torch.Tensor) -> torch.Tensor:
        """Convolve with zeros in the padding, like beyond the end of a tensor."""
        convolved: torch.Tensor = convolution(
            hidden if self._own is None else hidden * self._own.to(hidden.dtype)
        )
        return convolved

    def _normed(self, norm: Any, hidden: torch.Tensor) -> torch.Tensor:
        """Normalise like upstream's GroupNorm32, over a row's own frames."""
        if self._own is None:
            whole = group_norm(hidden.float(), norm.num_groups, norm.weight, norm.bias, norm.eps)
            return whole.to(hidden.dtype)
        rows, channels, frames = hidden.shape
        groups = hidden.float().view(rows, norm.num_groups, -1, frames)
        own = self._own[:, None].float()
        count = self._lengths[:, None, None, None] * (channels // norm.num_groups)
        mean = (groups * own).sum((2, 3), keepdim=True) / count
        variance = (((groups - mean) * own) ** 2).sum((2, 3), keepdim=True) / count
        normed = ((groups - mean) * torch.rsqrt(variance + norm.eps)).view(rows, channels, frames)
        scaled: torch.Tensor = normed * norm.weight[:, None] + norm.bias[:, None]
        return scaled.to(hidden.dtype)


def _embedded(steps: torch.Tensor, width: int) -> torch.Tensor:
    """Embed steps of the training as sines and cosines, (rows, width)."""
    embedded: torch.Tensor = upstream().timestep_embedding(steps, width)
    return embedded


def _buckets(places: torch.Tensor) -> torch.Tensor:
    """Upstream's distance class of each pair of frames, (frames, frames)."""
    buckets: torch.Tensor = upstream().relative_position_bucket(
        places[None] - places[:, None], causal=False, num_buckets=32, max_distance=64
    )
    return buckets

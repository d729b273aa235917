"""The fifth stage: denoises a spectrogram for the codes, step by step.

Requests at different steps advance together: each has its own schedule, noise and length. The
unconditional half of classifier-free guidance is a second row of the batch.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import group_norm, scaled_dot_product_attention
from torch.nn.utils.rnn import pad_sequence

from narrated.engines.neural.stage_pipeline import Stage, full_pass, requests_per_pass
from narrated.engines.neural.transfers import to_device, to_host
from narrated.engines.tortoise.checkpoint import TortoiseModels
from narrated.engines.tortoise.request import TortoiseRequest
from narrated.engines.tortoise.upstream_modules import upstream

_BANDS = 100
_FRAMES_OF_CODE = 4
_CODE_RATE, _FRAME_RATE = 22_050, 24_000
"""Codes stand for sound at the first rate, spectrograms for sound at the second."""

# The range of upstream's log spectrograms, which -1 to 1 stands for (Tacotron 2).
_QUIETEST, _LOUDEST = -11.512925148010254, 2.3143386840820312

_TRAINED_STEPS = 4000


@dataclass(slots=True, eq=False)
class _DiffusionProgress:
    """A request's spectrogram (bands, frames), and the number of steps left."""

    request: TortoiseRequest
    schedule: "DiffusionSchedule"
    now: Tensor
    left: int
    condition: Tensor | None = None
    """(width, frames), of codes and voice; made at the first step, and again after a release."""

    @property
    def frames(self) -> int:
        return self.now.shape[1]


class DiffusionStage(Stage[TortoiseModels, TortoiseRequest]):
    """Holds the requests in denoising, the oldest first."""

    share = 0.44
    keeps_memory = True

    def __init__(self) -> None:
        super().__init__()
        self._works: dict[TortoiseRequest, _DiffusionProgress] = {}

    def admit(self, request: TortoiseRequest) -> None:
        """Start a request from noise."""
        assert request.aligned is not None, "the stage before sets it"
        settings = request.settings
        frames = len(request.aligned) * _FRAMES_OF_CODE * _FRAME_RATE // _CODE_RATE
        noise = request.noise((_BANDS, frames), "diffusion")
        schedule = DiffusionSchedule.of(settings.diffusion_iterations)
        now = noise * settings.diffusion_temperature
        self._works[request] = _DiffusionProgress(request, schedule, now, len(schedule))
        super().admit(request)

    def next_requests(self, module: TortoiseModels, width: int) -> Sequence[TortoiseRequest]:
        """Requests of the next step."""
        return [work.request for work in self._stepping(module, width)]

    def full_batch(self, module: TortoiseModels, width: int) -> int:
        """Number of requests that fill a step."""
        return full_pass(self._most(module, width))

    def work(self, module: TortoiseModels, width: int) -> Sequence[TortoiseRequest]:
        """Denoise by one step."""
        works = self._stepping(module, width)
        with module.halved():
            for work in works:
                if work.condition is None:
                    work.condition = _condition(module.diffusion, work)
            predicted = _predicted(module.diffusion, works)
        stepped = [_stepped(work, *each) for work, each in zip(works, predicted, strict=True)]
        finished = []
        for work, now in zip(works, stepped, strict=True):
            work.now, work.left = now, work.left - 1
            is_finite = work.request.require_finite(now, "diffusion")
            if is_finite and work.left == 0:
                work.request.mel = (now + 1) / 2 * (_LOUDEST - _QUIETEST) + _QUIETEST
            if work.left == 0 or not is_finite:
                self.forget(work.request)
                finished.append(work.request)
        return finished

    def progress(self, request: TortoiseRequest) -> float:
        """Share of the steps that are done."""
        work = self._works[request]
        return 1 - work.left / len(work.schedule)

    def forget(self, request: TortoiseRequest) -> None:
        """Remove a request."""
        super().forget(request)
        del self._works[request]

    def restart(self) -> None:
        """Free the conditions; the spectrograms are in the host's memory."""
        for work in self._works.values():
            work.condition = None

    def _stepping(self, module: TortoiseModels, width: int) -> Sequence[_DiffusionProgress]:
        return list(self._works.values())[: self._most(module, width)]

    def _most(self, module: TortoiseModels, width: int) -> int:
        """Most requests of a step."""
        longest = max(work.frames for work in self._works.values())
        branches = 1 + any(each.settings.cond_free for each in self._works)
        positions = branches * longest
        return requests_per_pass(module.diffusion_weights, positions, module.device, width)


def _condition(model: Any, work: _DiffusionProgress) -> Tensor:
    request, device = work.request, model.unconditioned_embedding.device
    assert request.aligned is not None and request.latents is not None, "earlier stages set them"
    aligned = to_device(request.aligned[None], device)
    voice = to_device(request.latents.diffusion, device)
    condition: Tensor = model.timestep_independent(aligned, voice, work.frames, False)
    return condition[0]


def _predicted(model: Any, works: Sequence[_DiffusionProgress]) -> Sequence[tuple[Tensor, Tensor]]:
    """The noise in each work and its variance, both (bands, frames), on the host."""
    none = model.unconditioned_embedding[0]
    free = [work for work in works if work.request.settings.cond_free]
    rows = [*works, *free]
    steps = torch.stack([work.schedule.trained_steps[work.left - 1] for work in rows])
    now = to_device(_padded([work.now for work in rows]), none.device)
    conditions = [work.condition for work in works if work.condition is not None]
    conditions += [none.expand(-1, work.frames).to(conditions[0].dtype) for work in free]
    denoiser = BatchDenoiser(model, [work.frames for work in rows])
    output = denoiser.predicted(now, steps, _padded(conditions))
    noise, variance = (to_host(each) for each in output)
    unconditional = iter(noise[len(works) :])
    predicted = []
    for index, work in enumerate(works):
        own = noise[index]
        if work.request.settings.cond_free:
            away = work.schedule.guidance(work.left - 1, work.request.settings.cond_free_k)
            own = (1 + away) * own - away * next(unconditional)
        predicted.append((own[:, : work.frames], variance[index, :, : work.frames]))
    return predicted


def _padded(rows: Sequence[Tensor]) -> Tensor:
    """(rows, channels, longest) from rows of (channels, frames)."""
    return pad_sequence([row.T for row in rows], batch_first=True).transpose(1, 2)


def _stepped(work: _DiffusionProgress, noise: Tensor, variance: Tensor) -> Tensor:
    step = work.left - 1
    mean, deviation = work.schedule.stepped(work.now, noise, variance, step)
    return mean + deviation * work.request.noise(work.now.shape, "diffusion", step)


@dataclass(frozen=True, slots=True, eq=False)
class DiffusionSchedule:
    """The coefficients of each step, from noise to a spectrogram (Ho et al., arXiv:2006.11239).

    They are upstream's: the requested number of the 4,000 training steps (Nichol and Dhariwal,
    arXiv:2102.09672), with the learnt variance. Index 0 is the last step, which leaves no noise.
    """

    trained_steps: Tensor
    """(steps,): the training step of each."""
    _signal: Tensor
    _noise: Tensor
    _mean_of_start: Tensor
    _mean_of_now: Tensor
    _least_variance: Tensor
    _most_variance: Tensor

    @classmethod
    @lru_cache(maxsize=16)
    def of(cls, steps: int) -> "DiffusionSchedule":
        """The schedule of so many steps."""
        known = upstream()
        diffusion = known.SpacedDiffusion(
            use_timesteps=known.space_timesteps(_TRAINED_STEPS, [steps]),
            model_mean_type="epsilon",
            model_var_type="learned_range",
            loss_type="mse",
            betas=known.get_named_beta_schedule("linear", _TRAINED_STEPS),
        )
        coefficients = (
            diffusion.sqrt_recip_alphas_cumprod,
            diffusion.sqrt_recipm1_alphas_cumprod,
            diffusion.posterior_mean_coef1,
            diffusion.posterior_mean_coef2,
            diffusion.posterior_log_variance_clipped,
            np.log(diffusion.betas),
        )
        single = (torch.from_numpy(np.asarray(each, dtype=np.float32)) for each in coefficients)
        return cls(torch.tensor(diffusion.timestep_map), *single)

    def __len__(self) -> int:
        return len(self.trained_steps)

    def guidance(self, step: int, strength: float) -> float:
        """Strength of the guidance at a step; it grows towards the end."""
        return strength * (1 - step / len(self))

    def stepped(
        self, now: Tensor, predicted: Tensor, variance: Tensor, step: int
    ) -> tuple[Tensor, Tensor]:
        """Mean and deviation of the next spectrogram.

        All have one shape: `predicted` noise, and `variance` from -1 to 1, are the model's output.
        """
        start = (self._signal[step] * now - self._noise[step] * predicted).clamp(-1, 1)
        mean = self._mean_of_start[step] * start + self._mean_of_now[step] * now
        share = (variance + 1) / 2
        logarithm = share * self._most_variance[step] + (1 - share) * self._least_variance[step]
        return mean, torch.exp(0.5 * logarithm) * (step > 0)


class BatchDenoiser:
    """Upstream's DiffusionTts on rows of these lengths, with the results of each alone.

    Convolutions, norms and attention read whole rows, so each of them must mask the padding. Rows
    of equal length have no padding, and need no mask.
    """

    def __init__(self, model: Any, lengths: Sequence[int]) -> None:
        device = model.unconditioned_embedding.device
        places = torch.arange(max(lengths), device=device)
        is_even = min(lengths) == max(lengths)
        self._model = model
        self._lengths = to_device(torch.tensor(lengths), device)
        self._own = None if is_even else (places < self._lengths[:, None])[:, None]
        """(rows, 1, frames): True within a row; None without padding."""
        self._buckets = upstream().RelativePositionBias._relative_position_bucket(
            places[None] - places[:, None], causal=False, num_buckets=32, max_distance=64
        )
        """(frames, frames): upstream's distance class of each pair of frames."""

    def predicted(self, now: Tensor, steps: Tensor, condition: Tensor) -> tuple[Tensor, Tensor]:
        """Predict the noise in `now` (rows, bands, frames) and its variance, of equal shape.

        `steps` (rows,) of the training are on the host; `condition` is (rows, width, frames).
        """
        model = self._model
        times = upstream().timestep_embedding(steps, model.model_channels)
        time = model.time_embed(to_device(times, now.device))
        for layer in model.conditioning_timestep_integrator:
            condition = self._layer(layer, condition, time)
        hidden = torch.cat([self._convolved(model.inp_block, now), condition], 1)
        hidden = model.integrating_conv(hidden)
        for layer in model.layers:
            is_whole = hasattr(layer, "attn")
            hidden = (self._layer if is_whole else self._residual)(layer, hidden, time)
        norm, activation, convolution = model.out
        out = self._convolved(convolution, activation(self._normed(norm, hidden.float())))
        noise, variance = out.float().chunk(2, 1)
        return noise, variance

    def _layer(self, layer: Any, hidden: Tensor, time: Tensor) -> Tensor:
        return self._attended(layer.attn, self._residual(layer.resblk, hidden, time))

    def _residual(self, block: Any, hidden: Tensor, time: Tensor) -> Tensor:
        norm, activation, convolution = block.in_layers
        inner = convolution(activation(self._normed(norm, hidden)))
        scale, shift = block.emb_layers(time)[..., None].to(inner.dtype).chunk(2, 1)
        norm, activation, _, convolution = block.out_layers
        inner = self._normed(norm, inner) * (1 + scale) + shift
        return hidden + self._convolved(convolution, activation(inner))

    def _attended(self, block: Any, hidden: Tensor) -> Tensor:
        rows, width, frames = hidden.shape
        projected = block.qkv(self._normed(block.norm, hidden))
        heads = projected.view(rows, block.num_heads, 3, -1, frames).transpose(-1, -2)
        query, key, value = heads.unbind(2)
        bias = self._bias(block.relative_pos_embeddings, query.dtype)
        attended = scaled_dot_product_attention(query, key, value, attn_mask=bias)
        out: Tensor = block.proj_out(attended.transpose(-1, -2).reshape(rows, width, frames))
        return hidden + out

    def _bias(self, embeddings: Any, dtype: torch.dtype) -> Tensor:
        """The bias of attention: the distance of two frames, and the mask of the padding."""
        apart: Tensor = embeddings.relative_attention_bias(self._buckets) * embeddings.scale
        apart = apart.permute(2, 0, 1)[None].to(dtype)
        return apart if self._own is None else apart.masked_fill(~self._own[:, None], -float("inf"))

    def _convolved(self, convolution: Any, hidden: Tensor) -> Tensor:
        """Convolve with zeros in the padding, like beyond the end of a tensor."""
        own = hidden if self._own is None else hidden * self._own.to(hidden.dtype)
        convolved: Tensor = convolution(own)
        return convolved

    def _normed(self, norm: Any, hidden: Tensor) -> Tensor:
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
        scaled: Tensor = normed * norm.weight[:, None] + norm.bias[:, None]
        return scaled.to(hidden.dtype)

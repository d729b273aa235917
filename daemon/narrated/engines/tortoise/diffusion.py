"""The fifth stage: denoises a spectrogram for the codes, step by step.

Requests at different steps advance together: each has its own schedule, noise and length. The
unconditional half of classifier-free guidance is a second row of the batch.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch.nn.utils.rnn import pad_sequence

from narrated.engines.neural.stage_pipeline import requests_per_pass
from narrated.engines.tortoise.autoregressive import NOT_A_NUMBER
from narrated.engines.tortoise.checkpoint import TortoiseModels
from narrated.engines.tortoise.denoiser import BatchDenoiser
from narrated.engines.tortoise.diffusion_schedule import DiffusionSchedule
from narrated.engines.tortoise.request import TortoiseRequest

_BANDS = 100
_FRAMES_OF_CODE = 4
_CODE_RATE, _FRAME_RATE = 22_050, 24_000
"""Codes stand for sound at the first rate, spectrograms for sound at the second."""

# The range of upstream's log spectrograms, which -1 to 1 stands for (Tacotron 2).
_QUIETEST, _LOUDEST = -11.512925148010254, 2.3143386840820312


@dataclass(slots=True, eq=False)
class _DiffusionProgress:
    """A request's spectrogram (bands, frames), and the number of steps left."""

    request: TortoiseRequest
    schedule: DiffusionSchedule
    now: torch.Tensor
    left: int
    heard: torch.Tensor | None = None
    """(width, frames): the condition; computed at the first step, and again after a release."""

    @property
    def frames(self) -> int:
        return self.now.shape[1]


class DiffusionStage:
    """Holds the requests in denoising, the oldest first."""

    share = 0.44
    keeps_memory = True

    def __init__(self) -> None:
        self._works: list[_DiffusionProgress] = []

    @property
    def requests(self) -> Sequence[TortoiseRequest]:
        """All requests of this stage."""
        return [work.request for work in self._works]

    def admit(self, request: TortoiseRequest) -> None:
        """Start a request from noise."""
        assert request.aligned is not None, "the stage before sets it"
        settings = request.settings
        frames = len(request.aligned) * _FRAMES_OF_CODE * _FRAME_RATE // _CODE_RATE
        noise = request.noise((_BANDS, frames), "diffusion")
        schedule = DiffusionSchedule.of(settings.diffusion_iterations)
        now = noise * settings.diffusion_temperature
        self._works.append(_DiffusionProgress(request, schedule, now, len(schedule)))

    def next_requests(self, module: TortoiseModels, width: int) -> Sequence[TortoiseRequest]:
        """Requests of the next step."""
        return [work.request for work in self._stepping(module, width)]

    def work(self, module: TortoiseModels, width: int) -> Sequence[TortoiseRequest]:
        """Denoise by one step."""
        works = self._stepping(module, width)
        with module.halved():
            for work in works:
                if work.heard is None:
                    work.heard = _heard(module.diffusion, work)
            predicted = _predicted(module.diffusion, works)
        stepped = [_stepped(work, *each) for work, each in zip(works, predicted, strict=True)]
        finished = []
        for work, now in zip(works, stepped, strict=True):
            work.now, work.left = now, work.left - 1
            if not now.isfinite().all():
                work.request.problem = NOT_A_NUMBER.format("diffusion")
            elif work.left == 0:
                work.request.mel = (now + 1) / 2 * (_LOUDEST - _QUIETEST) + _QUIETEST
            if work.left == 0 or work.request.problem:
                self._works.remove(work)
                finished.append(work.request)
        return finished

    def progress(self, request: TortoiseRequest) -> float:
        """Share of the steps that are done."""
        work = next(work for work in self._works if work.request is request)
        return 1 - work.left / len(work.schedule)

    def forget(self, request: TortoiseRequest) -> None:
        """Remove a request."""
        self._works = [work for work in self._works if work.request is not request]

    def restart(self) -> None:
        """Free the conditions; the spectrograms are in the host's memory."""
        for work in self._works:
            work.heard = None

    def _stepping(self, module: TortoiseModels, width: int) -> Sequence[_DiffusionProgress]:
        longest = max(work.frames for work in self._works)
        branches = 1 + any(work.request.settings.cond_free for work in self._works)
        most = requests_per_pass(
            _weights(module.diffusion), branches * longest, module.device, width
        )
        return self._works[:most]


def _heard(model: Any, work: _DiffusionProgress) -> torch.Tensor:
    """The conditioning of the codes and the voice, (width, frames)."""
    request = work.request
    assert request.aligned is not None, "a stage before has aligned it"
    assert request.latents is not None, "a stage before has heard the voice"
    device = model.unconditioned_embedding.device
    aligned, voice = request.aligned[None].to(device), request.latents.diffusion.to(device)
    heard: torch.Tensor = model.timestep_independent(aligned, voice, work.frames, False)
    return heard[0]


def _predicted(
    model: Any, works: Sequence[_DiffusionProgress]
) -> Sequence[tuple[torch.Tensor, torch.Tensor]]:
    """The noise in each work and its variance, both (bands, frames), on the host."""
    unheard = model.unconditioned_embedding[0]
    device = unheard.device
    free = [work for work in works if work.request.settings.cond_free]
    together = [*works, *free]
    lengths = [work.frames for work in together]
    steps = torch.stack([work.schedule.trained_steps[work.left - 1] for work in together])
    now = _padded([work.now.to(device) for work in together])
    heard = [work.heard for work in works if work.heard is not None]
    heard += [unheard.expand(-1, work.frames).to(heard[0].dtype) for work in free]
    noise, variance = BatchDenoiser(model, lengths).predicted(now, steps.to(device), _padded(heard))
    noise, variance = noise.cpu(), variance.cpu()
    led = iter(noise[len(works) :])
    predicted = []
    for index, work in enumerate(works):
        own = noise[index]
        if work.request.settings.cond_free:
            away = work.schedule.free(work.left - 1, work.request.settings.cond_free_k)
            own = (1 + away) * own - away * next(led)
        predicted.append((own[:, : work.frames], variance[index, :, : work.frames]))
    return predicted


def _padded(rows: Sequence[torch.Tensor]) -> torch.Tensor:
    """(rows, channels, longest) from rows of (channels, frames)."""
    return pad_sequence([row.T for row in rows], batch_first=True).transpose(1, 2)


def _stepped(work: _DiffusionProgress, noise: torch.Tensor, variance: torch.Tensor) -> torch.Tensor:
    step = work.left - 1
    mean, deviation = work.schedule.stepped(work.now, noise, variance, step)
    return mean + deviation * work.request.noise(work.now.shape, "diffusion", step)


def _weights(model: Any) -> float:
    """Number of weights that each frame is multiplied with."""
    return float(sum(p.numel() for p in model.layers.parameters()))

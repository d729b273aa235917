"""The steps of diffusion: from noise to a spectrogram (Ho et al., arXiv:2006.11239).

Coefficients are upstream's own: 4,000 steps of training, of which as many are made as are asked for
(Nichol and Dhariwal, arXiv:2102.09672), with the variance that the model learnt.
"""

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
import torch

from narrated.engines.tortoise.upstream_modules import upstream

_TRAINED = 4000


@dataclass(frozen=True, slots=True, eq=False)
class DiffusionSchedule:
    """What each step multiplies by, the last step, which leaves no noise, at index 0."""

    trained_steps: torch.Tensor
    """(steps,): which of the training's steps each is."""
    _signal: torch.Tensor
    _noise: torch.Tensor
    _mean_of_start: torch.Tensor
    _mean_of_now: torch.Tensor
    _least_variance: torch.Tensor
    _most_variance: torch.Tensor

    @classmethod
    @lru_cache(maxsize=16)
    def of(cls, steps: int) -> "DiffusionSchedule":
        """So many steps."""
        known = upstream()
        diffusion = known.SpacedDiffusion(
            use_timesteps=known.space_timesteps(_TRAINED, [steps]),
            model_mean_type="epsilon",
            model_var_type="learned_range",
            loss_type="mse",
            betas=known.get_named_beta_schedule("linear", _TRAINED),
        )
        return cls(
            trained_steps=torch.tensor(diffusion.timestep_map),
            _signal=_single(diffusion.sqrt_recip_alphas_cumprod),
            _noise=_single(diffusion.sqrt_recipm1_alphas_cumprod),
            _mean_of_start=_single(diffusion.posterior_mean_coef1),
            _mean_of_now=_single(diffusion.posterior_mean_coef2),
            _least_variance=_single(diffusion.posterior_log_variance_clipped),
            _most_variance=_single(np.log(diffusion.betas)),
        )

    def __len__(self) -> int:
        return len(self.trained_steps)

    def free(self, step: int, strength: float) -> float:
        """How much a step is led away from what hears nothing: the more, the nearer the end."""
        return strength * (1 - step / len(self))

    def stepped(
        self, now: torch.Tensor, predicted: torch.Tensor, variance: torch.Tensor, step: int
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """The mean of what is next, and its deviation, from what is now.

        All of one shape: `predicted` noise, and `variance` from -1 to 1, as the model gives them.
        """
        start = (self._signal[step] * now - self._noise[step] * predicted).clamp(-1, 1)
        mean = self._mean_of_start[step] * start + self._mean_of_now[step] * now
        share = (variance + 1) / 2
        logarithm = share * self._most_variance[step] + (1 - share) * self._least_variance[step]
        return mean, torch.exp(0.5 * logarithm) * (step > 0)


def _single(values: Any) -> torch.Tensor:
    return torch.from_numpy(np.asarray(values, dtype=np.float32))

"""The schedule of diffusion, from noise to a spectrogram (Ho et al., arXiv:2006.11239).

The coefficients are upstream's: the requested number of the 4,000 training steps (Nichol and
Dhariwal, arXiv:2102.09672), with the learnt variance.
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
    """The coefficients of each step. Index 0 is the last step, which leaves no noise."""

    trained_steps: torch.Tensor
    """(steps,): the training step of each."""
    _signal: torch.Tensor
    _noise: torch.Tensor
    _mean_of_start: torch.Tensor
    _mean_of_now: torch.Tensor
    _least_variance: torch.Tensor
    _most_variance: torch.Tensor

    @classmethod
    @lru_cache(maxsize=16)
    def of(cls, steps: int) -> "DiffusionSchedule":
        """The schedule of so many steps."""
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
        """Strength of the guidance at a step; it grows towards the end."""
        return strength * (1 - step / len(self))

    def stepped(
        self, now: torch.Tensor, predicted: torch.Tensor, variance: torch.Tensor, step: int
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Mean and deviation of the next spectrogram.

        All have one shape: `predicted` noise, and `variance` from -1 to 1, are the model's output.
        """
        start = (self._signal[step] * now - self._noise[step] * predicted).clamp(-1, 1)
        mean = self._mean_of_start[step] * start + self._mean_of_now[step] * now
        share = (variance + 1) / 2
        logarithm = share * self._most_variance[step] + (1 - share) * self._least_variance[step]
        return mean, torch.exp(0.5 * logarithm) * (step > 0)


def _single(values: Any) -> torch.Tensor:
    return torch.from_numpy(np.asarray(values, dtype=np.float32))

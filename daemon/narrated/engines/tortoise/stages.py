"""Tortoise's six stages, in their order."""

from collections.abc import Sequence

from narrated.engines.neural.pipeline import Stage
from narrated.engines.tortoise.aligning import Aligning
from narrated.engines.tortoise.autoregressive import Autoregressive
from narrated.engines.tortoise.checkpoint import Tortoise
from narrated.engines.tortoise.conditioning import Conditioning
from narrated.engines.tortoise.diffusion import Diffusion
from narrated.engines.tortoise.latents import Kept
from narrated.engines.tortoise.ranking import Ranking
from narrated.engines.tortoise.row import Row
from narrated.engines.tortoise.upstream import mel_norms
from narrated.engines.tortoise.vocoder import Vocoder


def stages(kept: Kept) -> Sequence[Stage[Tortoise, Row]]:
    """With latents that are kept from one start to the next."""
    conditioning = Conditioning(kept, mel_norms())
    return (conditioning, Autoregressive(), Ranking(), Aligning(), Diffusion(), Vocoder())

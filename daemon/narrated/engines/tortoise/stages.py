"""Tortoise's six stages, in their order."""

from collections.abc import Sequence

from narrated.engines.neural.stage_pipeline import Stage
from narrated.engines.tortoise.autoregressive import AutoregressiveStage
from narrated.engines.tortoise.candidate_latents import CandidateLatentsStage
from narrated.engines.tortoise.checkpoint import TortoiseModels
from narrated.engines.tortoise.clvp_ranking import RankingStage
from narrated.engines.tortoise.conditioning import ConditioningStage
from narrated.engines.tortoise.diffusion import DiffusionStage
from narrated.engines.tortoise.request import TortoiseRequest
from narrated.engines.tortoise.upstream_modules import mel_norms
from narrated.engines.tortoise.vocoder import VocoderStage
from narrated.engines.tortoise.voice_latents import LatentsCache


def stages(kept: LatentsCache) -> Sequence[Stage[TortoiseModels, TortoiseRequest]]:
    """Make the stages; `kept` caches latents on the disk."""
    conditioning = ConditioningStage(kept, mel_norms())
    return (
        conditioning,
        AutoregressiveStage(),
        RankingStage(),
        CandidateLatentsStage(),
        DiffusionStage(),
        VocoderStage(),
    )

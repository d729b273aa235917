"""Bark's four stages, in order."""

from collections.abc import Sequence

from transformers import BarkModel

from narrated.engines.bark.coarse import CoarseStage
from narrated.engines.bark.codec import CodecStage
from narrated.engines.bark.fine import FineStage
from narrated.engines.bark.generation_config import GenerationConfig
from narrated.engines.bark.request import BarkRequest
from narrated.engines.bark.semantic import SemanticStage
from narrated.engines.neural.stage_pipeline import Stage


def stages(
    generation: GenerationConfig, block_size: int
) -> Sequence[Stage[BarkModel, BarkRequest]]:
    """Make the stages; `block_size` is the number of positions that the models know."""
    return (
        SemanticStage(generation, block_size),
        CoarseStage(generation),
        FineStage(generation),
        CodecStage(generation),
    )

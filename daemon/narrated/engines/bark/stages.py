"""Bark's four stages, in their order."""

from collections.abc import Sequence

from transformers import BarkModel

from narrated.engines.bark.coarse import CoarseStage
from narrated.engines.bark.codec import CodecStage
from narrated.engines.bark.fine import FineStage
from narrated.engines.bark.generation_config import GenerationConfig
from narrated.engines.bark.request import BarkRequest
from narrated.engines.bark.semantic import SemanticStage
from narrated.engines.neural.stage_pipeline import Stage


def stages(recipe: GenerationConfig, block_size: int) -> Sequence[Stage[BarkModel, BarkRequest]]:
    """As a checkpoint's recipe has them; `block_size` is how many positions its models know."""
    return (
        SemanticStage(recipe, block_size),
        CoarseStage(recipe),
        FineStage(recipe),
        CodecStage(recipe),
    )

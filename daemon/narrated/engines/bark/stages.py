"""Bark's four stages, in their order."""

from collections.abc import Sequence

from transformers import BarkModel

from narrated.engines.bark.coarse import Coarse
from narrated.engines.bark.codec import Codec
from narrated.engines.bark.fine import Fine
from narrated.engines.bark.recipe import Recipe
from narrated.engines.bark.row import Row
from narrated.engines.bark.semantic import Semantic
from narrated.engines.neural.pipeline import Stage


def stages(recipe: Recipe, block_size: int) -> Sequence[Stage[BarkModel, Row]]:
    """As a checkpoint's recipe has them; `block_size` is how many positions its models know."""
    return (Semantic(recipe, block_size), Coarse(recipe), Fine(recipe), Codec(recipe))

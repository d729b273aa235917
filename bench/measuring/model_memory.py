"""Memory of models, alone and together."""

from collections.abc import Sequence
from dataclasses import dataclass

from narrated.engines.captions.options import ROWS
from narrated.engines.hearing.options import ROWS as HEARING_ROWS
from narrated.engines.registry import BUILT_IN_ENGINES


@dataclass(frozen=True, slots=True)
class ModelMemory:
    """Bytes of one model."""

    name: str
    weights: int
    working: int
    """The most besides the weights, while a batch goes through."""
    kept: int
    """Its part that is kept between two steps."""


@dataclass(frozen=True, slots=True)
class ModelSet:
    """Models in one worker, and the most memory that was in use at once."""

    models: Sequence[ModelMemory]
    peak: int
    how: str
    """Side by side, or in turns."""

    @property
    def weights(self) -> int:
        """Of all, which stay warm."""
        return sum(model.weights for model in self.models)


def picture_slots(engine: str) -> int:
    """Number of pictures that an engine describes at once."""
    return int(BUILT_IN_ENGINES[engine].options.get("rows", ROWS))


def take_slots(engine: str) -> int:
    """Number of takes that an engine hears at once."""
    return int(BUILT_IN_ENGINES[engine].options.get("rows", HEARING_ROWS))

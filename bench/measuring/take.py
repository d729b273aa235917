"""What a model takes of a device."""

from dataclasses import dataclass

from narrated.engines.base import REGISTRY
from narrated.engines.captions.wishes import ROWS


@dataclass(frozen=True, slots=True)
class Take:
    """Bytes of one model."""

    name: str
    weights: int
    working: int
    """The most besides the weights, while a batch goes through."""
    kept: int
    """How much of it is kept between two steps."""


def pictures_of(engine: str) -> int:
    """How many pictures an engine describes at once."""
    return int(REGISTRY[engine].options.get("rows", ROWS))

"""What a model takes of a device."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Take:
    """Bytes of one model."""

    name: str
    weights: int
    working: int
    """The most besides the weights, while a batch goes through."""
    kept: int
    """How much of it is kept between two steps."""

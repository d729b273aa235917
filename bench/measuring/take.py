"""What a model takes of a device."""

from collections.abc import Sequence
from dataclasses import dataclass

from narrated.engines.captions.options import ROWS
from narrated.engines.registry import BUILT_IN_ENGINES


@dataclass(frozen=True, slots=True)
class Take:
    """Bytes of one model."""

    name: str
    weights: int
    working: int
    """The most besides the weights, while a batch goes through."""
    kept: int
    """How much of it is kept between two steps."""


@dataclass(frozen=True, slots=True)
class Together:
    """A set of models in one worker: what each takes, and the most that was in use at once."""

    takes: Sequence[Take]
    peak: int
    how: str
    """Whether they worked side by side, or in turns."""

    @property
    def weights(self) -> int:
        """Of all, which stay warm."""
        return sum(take.weights for take in self.takes)


def pictures_of(engine: str) -> int:
    """How many pictures an engine describes at once."""
    return int(BUILT_IN_ENGINES[engine].options.get("rows", ROWS))

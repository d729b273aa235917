"""Base of a request in the stage pipeline, with random numbers that its seed fixes."""

import hashlib
from collections.abc import Sequence
from dataclasses import KW_ONLY, dataclass, field

import torch


@dataclass(slots=True, eq=False)
class StagedRequest:
    """A text on its way through the stages; all in the host's memory.

    The host draws the random numbers, so they depend neither on the device nor on the other
    requests. A stage or pass has a path of its own, so that it restarts with the same numbers.
    """

    id: str
    words: Sequence[int]
    """The tokenizer's ids of the text."""
    _: KW_ONLY
    seed: int = 0
    is_silent: bool = field(init=False)
    """True if it has nothing to say: it skips to the last stage."""
    pcm: bytes = b""
    ended: bool | None = None
    """True if the model chose the end of the speech, False if it was stopped at its limit."""
    tokens: tuple[int, int] | None = None
    """Tokens of the speech, and the most that it might have."""
    problem: str = ""
    """The reason of its failure; empty if it did not fail."""
    is_unavailable: bool = False
    """True if a failed request may succeed later."""
    remedy: str = "Try `dtype: float32`, or another voice."

    def __post_init__(self) -> None:
        self.is_silent = not self.words

    @property
    def slots(self) -> int:
        """Slots of a batch that it needs."""
        return 1

    def uniform(self, count: int, *path: str | int, seed: int | None = None) -> torch.Tensor:
        """Uniform numbers from 0 to 1, (count,), in double precision; by default of its seed."""
        return torch.rand(count, generator=self._generator(path, seed), dtype=torch.float64)

    def noise(self, shape: Sequence[int], *path: str | int) -> torch.Tensor:
        """Numbers of a normal distribution, of this shape, in single precision."""
        return torch.randn(tuple(shape), generator=self._generator(path))

    def _generator(self, path: Sequence[str | int], seed: int | None = None) -> torch.Generator:
        text = "/".join(str(part) for part in (self.seed if seed is None else seed, *path))
        number = int.from_bytes(hashlib.sha256(text.encode()).digest()[:7])
        return torch.Generator().manual_seed(number)

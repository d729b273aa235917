"""A row: one utterance on its way through Bark's stages."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field

import torch

from narrated.engines.bark.options import Sampling
from narrated.engines.bark.prompts import Prompt


@dataclass(slots=True, eq=False)
class Row:
    """What a row brings, and what each stage has made of it so far; all in the host's memory."""

    id: str
    words: Sequence[int]
    """The tokenizer's ids of the text."""
    prompt: Prompt | None
    sampling: Sampling
    seed: int
    semantic: list[int] = field(default_factory=list)
    """Semantic tokens, without the end."""
    coarse: list[int] = field(default_factory=list)
    """Coarse tokens of both codebooks in turn, as the coarse model numbers them."""
    fine: torch.Tensor | None = None
    """The codec's codes, (codebooks, frames)."""
    pcm: bytes = b""
    problem: str = ""
    """Why it cannot be finished; empty while it can."""

    def draws(self, count: int, *path: str | int) -> torch.Tensor:
        """So many numbers from 0 to 1, (count,): always the same for a seed and a path.

        Made on the host, so that they hang neither on the device nor on who else is there; by
        path, so that a stage or a pass begins again with the numbers it had.
        """
        told = "/".join(str(part) for part in (self.seed, *path))
        seed = int.from_bytes(hashlib.sha256(told.encode()).digest()[:7])
        generator = torch.Generator().manual_seed(seed)
        return torch.rand(count, generator=generator, dtype=torch.float64)

"""A request on its way through Bark's stages."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import torch

from narrated.engines.bark.options import StageSampling
from narrated.engines.bark.voice_prompt import VoicePrompt
from narrated.engines.neural import seeded_random


@dataclass(slots=True, eq=False)
class BarkRequest:
    """A text to speak, and the results of the stages so far; all in the host's memory."""

    id: str
    words: Sequence[int]
    """The tokenizer's ids of the text."""
    prompt: VoicePrompt | None
    sampling: StageSampling
    seed: int
    semantic: list[int] = field(default_factory=list)
    """Semantic tokens, without the end."""
    coarse: list[int] = field(default_factory=list)
    """Coarse tokens of both codebooks in turn, by the coarse model's numbers."""
    fine: torch.Tensor | None = None
    """The codec's codes, (codebooks, frames)."""
    is_silent: bool = False
    """True if it has nothing to say."""
    pcm: bytes = b""
    problem: str = ""
    """The reason of its failure; empty if it did not fail."""
    is_unavailable: bool = False
    remedy: str = "Try `dtype: float32`, or another voice."

    def uniform(self, count: int, *path: str | int) -> torch.Tensor:
        """Uniform numbers from 0 to 1, (count,), always the same for a seed and a path."""
        return seeded_random.uniform(self.seed, path, count)

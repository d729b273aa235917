"""A row: one utterance on its way through Tortoise's stages."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import torch

from narrated.engines.neural import seeded_random
from narrated.engines.tortoise.options import TortoiseSettings
from narrated.engines.tortoise.voice_latents import VoiceLatents
from narrated.engines.tortoise.voices import TortoiseVoice


@dataclass(slots=True, eq=False)
class TortoiseRequest:
    """What a row brings, and what each stage has made of it so far; all in the host's memory."""

    id: str
    words: Sequence[int]
    """The tokenizer's ids of the text."""
    voice: TortoiseVoice
    settings: TortoiseSettings
    seed: int
    latents: VoiceLatents | None = None
    """What the models hear of the voice."""
    candidates: list[Sequence[int] | None] = field(default_factory=list)
    """The codes of each, without the end; None for one that is still to be made."""
    scores: list[float] = field(default_factory=list)
    """How well each candidate so far goes with the text, as CLVP finds."""
    codes: Sequence[int] = ()
    """The best candidate's, with the padding that the diffusion model was trained on."""
    aligned: torch.Tensor | None = None
    """(codes, width): what the autoregressive model thinks of each code."""
    mel: torch.Tensor | None = None
    """(bands, frames), its logarithm."""
    is_silent: bool = False
    """Whether it has nothing to say."""
    pcm: bytes = b""
    problem: str = ""
    """Why it cannot be finished; empty while it can."""
    remedy: str = "Try `dtype: float32`, or another voice."
    is_unavailable: bool = False

    def __post_init__(self) -> None:
        self.candidates = [None] * self.settings.num_autoregressive_samples

    def draws(self, count: int, *path: str | int) -> torch.Tensor:
        """So many numbers from 0 to 1, (count,): always the same for a seed and a path."""
        return seeded_random.uniform(self.seed, path, count)

    def noise(self, shape: Sequence[int], *path: str | int) -> torch.Tensor:
        """Normal numbers in this shape: always the same for a seed and a path."""
        return seeded_random.normal(self.seed, path, shape)

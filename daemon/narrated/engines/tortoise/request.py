"""A request, and the results of Tortoise's stages for it so far."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import torch

from narrated.engines.neural import seeded_random
from narrated.engines.tortoise.options import TortoiseSettings
from narrated.engines.tortoise.voice_latents import VoiceLatents
from narrated.engines.tortoise.voices import TortoiseVoice


@dataclass(slots=True, eq=False)
class TortoiseRequest:
    """A request in flight, with the results of each stage; all in the host's memory."""

    id: str
    words: Sequence[int]
    """The tokenizer's ids of the text."""
    voice: TortoiseVoice
    settings: TortoiseSettings
    seed: int
    latents: VoiceLatents | None = None
    """Latents of the voice."""
    candidates: list[Sequence[int] | None] = field(default_factory=list)
    """Codes of each, without the end sign; None for one that is not finished."""
    scores: list[float] = field(default_factory=list)
    """CLVP's score of each candidate so far."""
    codes: Sequence[int] = ()
    """Codes of the best candidate, padded as the diffusion model was trained."""
    aligned: torch.Tensor | None = None
    """(codes, width): hidden states of the autoregressive model at the best candidate's codes."""
    mel: torch.Tensor | None = None
    """(bands, frames): the log spectrogram."""
    is_silent: bool = False
    """True if the text has no words."""
    pcm: bytes = b""
    problem: str = ""
    """The reason of its failure; empty if there is none."""
    remedy: str = "Try `dtype: float32`, or another voice."
    is_unavailable: bool = False

    def __post_init__(self) -> None:
        self.candidates = [None] * self.settings.num_autoregressive_samples

    def uniform(self, count: int, *path: str | int) -> torch.Tensor:
        """Uniform random numbers (count,), fixed by the seed and a path."""
        return seeded_random.uniform(self.seed, path, count)

    def noise(self, shape: Sequence[int], *path: str | int) -> torch.Tensor:
        """Normal random numbers of this shape, fixed by the seed and a path."""
        return seeded_random.normal(self.seed, path, shape)

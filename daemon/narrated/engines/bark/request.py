"""A request on its way through Bark's stages."""

from dataclasses import dataclass, field

import torch

from narrated.engines.bark.options import StageSampling
from narrated.engines.bark.voice_prompt import VoicePrompt
from narrated.engines.neural.staged_request import StagedRequest

NOT_FINITE = "Bark's {} model gave values that are not finite."


@dataclass(slots=True, eq=False)
class BarkRequest(StagedRequest):
    """A text to speak, and the results of the stages so far."""

    prompt: VoicePrompt | None
    sampling: StageSampling
    semantic: list[int] = field(default_factory=list)
    """Semantic tokens, without the end."""
    coarse: list[int] = field(default_factory=list)
    """Coarse tokens of both codebooks in turn, by the coarse model's numbers."""
    fine: torch.Tensor | None = None
    """The codec's codes, (codebooks, frames)."""

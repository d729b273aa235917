"""A request, and the results of the stages for it so far."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from torch import Tensor

from narrated.engines.neural.staged_request import StagedRequest
from narrated.engines.pocket_tts.options import PocketSampling
from narrated.engines.pocket_tts.voices import PocketVoice

NOT_FINITE = "Pocket TTS's {} gave values that are not finite."


@dataclass(slots=True, eq=False)
class PocketRequest(StagedRequest):
    """A text on its way; `words` are the tokens of its text alone."""

    text: str
    voice: PocketVoice | None
    """None if the model has no voice: it then speaks with one of its own making."""
    sampling: PocketSampling
    most_frames: int
    prompt: Tensor | None = None
    """(frames, latent): the voice, in the audio tokenizer's latents."""
    state: "FrameState | None" = None
    """Its speech so far; None before it is begun."""
    latents: Tensor | None = None
    """(frames, latent): the finished speech, in the audio tokenizer's space."""


@dataclass(slots=True, eq=False)
class FrameState:
    """A speech that is generated frame by frame."""

    cache: Any
    """Keys and values of all positions, in transformers' form."""
    output: Any
    """The model's output of the last position."""
    tail: int
    """Frames after the one that ended the speech."""
    frames: list[Tensor] = field(default_factory=list)
    """(1, latent) each, as the model takes them for input."""
    left: int = -1
    """Frames of the tail that are left; -1 while it has not ended."""

    @property
    def has_ended(self) -> bool:
        """True once the model chose the end."""
        return self.left >= 0


def latents_of(frames: Sequence[Tensor]) -> Tensor:
    """The frames as one tensor (frames, latent)."""
    import torch

    return torch.cat(list(frames))

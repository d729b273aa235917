"""A request, and the results of Tortoise's stages for it so far."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from torch import Tensor

from narrated.engines.neural.staged_request import StagedRequest
from narrated.engines.tortoise.latents_files import VoiceLatents
from narrated.engines.tortoise.options import TortoiseSettings
from narrated.engines.tortoise.voices import TortoiseVoice

NOT_FINITE = "Tortoise's {} model gave values that are not finite."


@dataclass(slots=True, eq=False)
class TortoiseRequest(StagedRequest):
    """A request in flight, with the results of each stage."""

    voice: TortoiseVoice
    settings: TortoiseSettings
    latents: VoiceLatents | None = None
    candidates: list[Sequence[int] | None] = field(init=False)
    """Codes of each, without the end sign; None for one that is not finished."""
    scores: list[float] = field(default_factory=list)
    """CLVP's score of each candidate so far."""
    codes: Sequence[int] = ()
    """Codes of the best candidate, padded as the diffusion model was trained."""
    aligned: Tensor | None = None
    """(codes, width): hidden states of the autoregressive model at the best candidate's codes."""
    mel: Tensor | None = None
    """(bands, frames): the log spectrogram."""

    def __post_init__(self) -> None:
        StagedRequest.__post_init__(self)  # slots break super()
        self.candidates = [None] * self.settings.num_autoregressive_samples

    def require_finite(self, result: Tensor, model: str) -> bool:
        """Fail the request if a model gave values that are not finite; True if all are."""
        is_finite = bool(result.isfinite().all())
        if not is_finite:
            self.problem = NOT_FINITE.format(model)
        return is_finite

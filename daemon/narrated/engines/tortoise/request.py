"""A request, and the results of Tortoise's stages for it so far."""

from collections.abc import Hashable, Sequence
from dataclasses import dataclass, field

from torch import Tensor

from narrated.engines.neural.length_limit import limit_tokens
from narrated.engines.neural.staged_request import StagedRequest
from narrated.engines.tortoise.candidate_draws import TAKES, Candidate, CandidateDraws
from narrated.engines.tortoise.latents_files import VoiceLatents
from narrated.engines.tortoise.options import TortoiseSettings
from narrated.engines.tortoise.voices import TortoiseVoice

NOT_FINITE = "Tortoise's {} model gave values that are not finite."

SILENCE_CODE = 83
"""The code of silence."""
_ENDING_CODES = (45, 45, 248)
"""The last codes of a padded clip, as the diffusion model was trained."""
_CODES_HZ = 21.5
_SLOW_PIECE_S = 0.3
"""Of a slow voice, for a piece of the tokenizer: two or three letters, or a space."""


@dataclass(slots=True, eq=False)
class TortoiseRequest(StagedRequest):
    """A request in flight, with the results of each stage."""

    voice: TortoiseVoice
    settings: TortoiseSettings
    latents: VoiceLatents | None = None
    draw: int = 0
    """Number of its draw of candidates."""
    place: int = 0
    """Place of its candidate among those of the draw, the best first."""
    candidates: list[Sequence[int] | None] = field(init=False)
    """Codes of each of the draw, without the end sign; None for one that is not finished."""
    have_ended: list[bool] = field(init=False)
    """True for each of them whose end the model chose."""
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
        self.begin_draw()
        if self.settings.ended_first:
            self.place = self.seed & TAKES

    @property
    def slots(self) -> int:
        """Its candidates each need one; none if its codes are chosen already."""
        return 0 if self.codes else len(self.candidates)

    @property
    def most_codes(self) -> int:
        """Most codes of a candidate."""
        most = self.settings.max_mel_tokens
        if not self.settings.limit_length:
            return most
        return limit_tokens(len(self.words), _SLOW_PIECE_S, _CODES_HZ, most)

    @property
    def draw_seed(self) -> int:
        """Seed of its candidates: that of the draw's first take."""
        return self.seed & ~TAKES | self.draw if self.settings.ended_first else self.seed

    @property
    def draw_key(self) -> Hashable:
        """All that its candidates and their order depend on, but the model."""
        return self.draw_seed, tuple(self.words), self.voice.digest, self.settings

    def pass_over(self, takes: int) -> None:
        """Go on to the next draw, behind so many takes of this one."""
        self.place -= takes
        self.draw = (self.draw + 1) & TAKES
        self.begin_draw()

    def begin_draw(self) -> None:
        """Forget what is generated of its candidates."""
        self.candidates = [None] * self.settings.num_autoregressive_samples
        self.have_ended = [False] * self.settings.num_autoregressive_samples

    def choose(self, candidate: Candidate) -> None:
        """Take a candidate for its speech."""
        self.codes = pad_codes([*candidate.codes], self.settings.max_mel_tokens)
        self.ended = candidate.ended
        self.tokens = len(candidate.codes), self.most_codes

    def choose_kept(self, draws: CandidateDraws) -> bool:
        """Take the candidate that earlier requests left, if any; True if one is chosen.

        Passes over the draws whose takes go before.
        """
        while self.settings.ended_first and not self.codes and (draw := draws.get(self.draw_key)):
            if self.place >= draw.takes:
                self.pass_over(draw.takes)
            elif self.place < len(draw.best):
                self.choose(draw.best[self.place])
            else:
                break
        return bool(self.codes)

    def require_finite(self, result: Tensor, model: str) -> bool:
        """Fail the request if a model gave values that are not finite; True if all are."""
        is_finite = bool(result.isfinite().all())
        if not is_finite:
            self.problem = NOT_FINITE.format(model)
        return is_finite


def pad_codes(codes: Sequence[int], length: int) -> Sequence[int]:
    """Pad codes with silence after their end; codes of the full length stay as they are."""
    if len(codes) == length:
        return codes
    filled = [*codes, *[SILENCE_CODE] * (length - len(codes))]
    return [*filled[:-3], *_ENDING_CODES][-length:]

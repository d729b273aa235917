"""The third stage: chooses the candidate that fits the text best, by CLVP.

As in upstream, every candidate is padded to the greatest possible length.
"""

from collections.abc import Sequence
from typing import Any

import torch

from narrated.engines.neural.stage_pipeline import QueueStage, requests_per_pass
from narrated.engines.tortoise.autoregressive import NOT_A_NUMBER
from narrated.engines.tortoise.checkpoint import TortoiseModels
from narrated.engines.tortoise.clvp_encoders import encode_speech, encode_text
from narrated.engines.tortoise.request import TortoiseRequest

SILENCE_CODE = 83
"""The code of silence."""
_ENDING_CODES = (45, 45, 248)
"""The last codes of a padded clip, as the diffusion model was trained."""


class RankingStage(QueueStage[TortoiseModels, TortoiseRequest]):
    """Scores several candidates of the first queued request at once."""

    share = 0.05

    def work(self, module: TortoiseModels, width: int) -> Sequence[TortoiseRequest]:
        """Score some candidates of the first request; choose the best once all have a score."""
        request = self._waiting[0]
        candidates = [
            pad_codes(codes or (), request.settings.max_mel_tokens) for codes in request.candidates
        ]
        if len(candidates) > 1:
            self._hear(module, request, candidates, width)
            if len(request.scores) < len(candidates):
                return []
            request.codes = candidates[request.scores.index(max(request.scores))]
        else:
            request.codes = candidates[0]
        self._waiting.popleft()
        return [request]

    def progress(self, request: TortoiseRequest) -> float:
        """Share of the candidates that have a score."""
        return len(request.scores) / len(request.candidates)

    def _hear(
        self,
        module: TortoiseModels,
        request: TortoiseRequest,
        candidates: Sequence[Sequence[int]],
        width: int,
    ) -> None:
        most = requests_per_pass(_weights(module.clvp), len(candidates[0]), module.device, width)
        hearing = candidates[len(request.scores) : len(request.scores) + most]
        scores = _scores(module.clvp, request.words, torch.tensor(hearing, device=module.device))
        if not scores.isfinite().all():
            request.problem = NOT_A_NUMBER.format("CLVP")
            scores = torch.zeros(len(candidates))
        request.scores += scores.tolist()


def pad_codes(codes: Sequence[int], length: int) -> Sequence[int]:
    """Pad codes with silence after their end; codes without an end stay as they are."""
    if len(codes) == length:
        return codes
    filled = [*codes, *[SILENCE_CODE] * (length - len(codes))]
    return [*filled[:-3], *_ENDING_CODES][-length:]


def _scores(clvp: Any, words: Sequence[int], codes: torch.Tensor) -> torch.Tensor:
    """Score each of the `codes` (candidates, length) against a text: (candidates,)."""
    text = torch.tensor([[*words, 0]], device=codes.device)
    scores: torch.Tensor = (
        encode_speech(clvp, codes) @ encode_text(clvp, text)[0] * clvp.temperature.float().exp()
    )
    return scores


def _weights(clvp: Any) -> float:
    """Number of weights that each code is multiplied with."""
    return float(sum(p.numel() for p in clvp.speech_transformer.parameters()))

"""The third stage: chooses the candidate that fits the text best, by CLVP.

As in upstream, every candidate is padded to the greatest possible length.
"""

from collections.abc import Sequence
from typing import Any

import torch

from narrated.engines.neural.stage_pipeline import QueueStage, rows_at_once
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
        row = self._waiting[0]
        candidates = [
            pad_codes(codes or (), row.settings.max_mel_tokens) for codes in row.candidates
        ]
        if len(candidates) > 1:
            self._hear(module, row, candidates, width)
            if len(row.scores) < len(candidates):
                return []
            row.codes = candidates[row.scores.index(max(row.scores))]
        else:
            row.codes = candidates[0]
        self._waiting.popleft()
        return [row]

    def progress(self, row: TortoiseRequest) -> float:
        """Share of the candidates that have a score."""
        return len(row.scores) / len(row.candidates)

    def _hear(
        self,
        module: TortoiseModels,
        row: TortoiseRequest,
        candidates: Sequence[Sequence[int]],
        width: int,
    ) -> None:
        most = rows_at_once(_weights(module.clvp), len(candidates[0]), module.device, width)
        hearing = candidates[len(row.scores) : len(row.scores) + most]
        scores = _scores(module.clvp, row.words, torch.tensor(hearing, device=module.device))
        if not scores.isfinite().all():
            row.problem = NOT_A_NUMBER.format("CLVP")
            scores = torch.zeros(len(candidates))
        row.scores += scores.tolist()


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

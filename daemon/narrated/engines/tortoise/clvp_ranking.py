"""The third stage: which candidate goes best with the text, as CLVP finds.

It hears each candidate as upstream lets it: filled up to the longest there may be, so that all
are equally long.
"""

from collections.abc import Sequence
from typing import Any

import torch

from narrated.engines.neural.stage_pipeline import QueueStage, rows_at_once
from narrated.engines.tortoise.autoregressive import NOT_A_NUMBER
from narrated.engines.tortoise.checkpoint import TortoiseModels
from narrated.engines.tortoise.clvp_encoders import heard, said
from narrated.engines.tortoise.request import TortoiseRequest

CALM = 83
"""The code of silence."""
_LAST = (45, 45, 248)
"""How a clip that was filled up with silence ends, in the codes that diffusion was trained on."""


class RankingStage(QueueStage[TortoiseModels, TortoiseRequest]):
    """Rows wait in a queue; the first one's candidates are heard, some at once."""

    share = 0.05

    def work(self, module: TortoiseModels, width: int) -> Sequence[TortoiseRequest]:
        """Hear some of the first row's candidates; choose, once all were heard."""
        row = self._waiting[0]
        candidates = [padded(codes or (), row.settings.max_mel_tokens) for codes in row.candidates]
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
        """How many were heard."""
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


def padded(codes: Sequence[int], length: int) -> Sequence[int]:
    """Codes filled up with silence behind their end; those that never ended stay as they are."""
    if len(codes) == length:
        return codes
    filled = [*codes, *[CALM] * (length - len(codes))]
    return [*filled[:-3], *_LAST][-length:]


def _scores(clvp: Any, words: Sequence[int], codes: torch.Tensor) -> torch.Tensor:
    """How well each of the `codes` (candidates, length) goes with a text, (candidates,)."""
    text = torch.tensor([[*words, 0]], device=codes.device)
    scores: torch.Tensor = heard(clvp, codes) @ said(clvp, text)[0] * clvp.temperature.float().exp()
    return scores


def _weights(clvp: Any) -> float:
    """How many weights each code meets."""
    return float(sum(p.numel() for p in clvp.speech_transformer.parameters()))

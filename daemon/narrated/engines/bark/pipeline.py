"""The stages in a line: rows go from one to the next, each worked on where it is.

The earliest stage that has rows is worked first, so that rows gather into full batches behind
it. No row starves by that: a new one comes only when another is finished.
"""

from collections.abc import Iterator, Sequence

import torch
from transformers import BarkModel

from narrated.engines.bark.coarse import Coarse
from narrated.engines.bark.codec import Codec
from narrated.engines.bark.fine import Fine
from narrated.engines.bark.recipe import Recipe
from narrated.engines.bark.row import Row
from narrated.engines.bark.semantic import Semantic
from narrated.engines.bark.stage import Stage
from narrated.engines.base import Failed, Outcome, Progressed, Spoken
from narrated.engines.neural.model import Model

_SHARES = (0.25, 0.5, 0.2, 0.05)
"""How much of a row's time goes into each stage, about."""

_ENOUGH = 4
"""After so many batches with fewer rows it is tried again whether there is room for more."""


class Pipeline:
    """Works up to `width` rows at once, which begins as `rows`, and shrinks where memory does."""

    def __init__(self, model: Model[BarkModel], recipe: Recipe, block_size: int, rows: int) -> None:
        self.width = rows
        self._rows = rows
        self._finished = 0
        """Rows since the width changed last."""
        self._model = model
        self._rate = recipe.sample_rate
        self._codec = Codec(recipe)
        self._stages: Sequence[Stage] = (
            Semantic(recipe, block_size),
            Coarse(recipe),
            Fine(recipe),
            self._codec,
        )

    def admit(self, row: Row) -> None:
        """Take a row in; one without words goes straight to where it is found silent."""
        (self._stages[0] if row.words else self._codec).admit(row)

    def step(self) -> Sequence[Outcome]:
        """Bring the rows of the earliest stage that has any a little further."""
        index, stage = next(
            (index, stage) for index, stage in enumerate(self._stages) if stage.rows
        )
        module = self._model.module
        rows = stage.at_hand(module, self.width)
        with self._model.device.at_work([row.id for row in rows]), torch.no_grad():
            finished = stage.work(module, self.width)
        outcomes = [self._passed_on(row, index) for row in finished]
        outcomes += self._progressed(rows, finished, index)
        self._finished += sum(isinstance(each, Spoken) for each in outcomes)
        is_idle = not any(stage.rows for stage in self._stages)
        keeps_nothing = not any(stage.rows for stage in self._stages[:2])
        if is_idle or (keeps_nothing and self._finished >= _ENOUGH * self._rows):
            self._widen()
        return outcomes

    def cancel(self, id: str) -> None:
        """Forget a row, wherever it is."""
        for stage in self._stages:
            for row in stage.rows:
                if row.id == id:
                    stage.forget(row)

    def shrink(self) -> bool:
        """Halve the width; False where it is one already."""
        if self.width == 1:
            return False
        self.width //= 2
        self._finished = 0
        self.release()
        return True

    def release(self) -> None:
        """Let go of all memory but the weights; rows begin their stage again."""
        for stage in self._stages:
            stage.begin_again()

    def _widen(self) -> None:
        """Where memory was short once it may be there again, for whoever comes next."""
        if self.width < self._rows:
            self.width = min(self._rows, 2 * self.width)
            self._finished = 0
            self.release()

    def _passed_on(self, row: Row, index: int) -> Outcome:
        if row.problem:
            return Failed(row.id, row.problem, "Try `dtype: float32`, or another voice.")
        if self._stages[index] is self._codec:
            return Spoken(row.id, row.pcm, self._rate)
        following = self._stages[index + 1] if row.semantic else self._codec
        following.admit(row)
        return Progressed(row.id, sum(_SHARES[: index + 1]))

    def _progressed(
        self, rows: Sequence[Row], finished: Sequence[Row], index: int
    ) -> Iterator[Progressed]:
        for row in rows:
            if row not in finished:
                done = self._stages[index].progress(row)
                yield Progressed(row.id, sum(_SHARES[:index]) + _SHARES[index] * done)

"""The second stage: candidates for a text, as codes, some 21 a second.

All candidates of all rows share the slots of one batch; those of a row begin from one reading of
its prompt.
"""

from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import islice, takewhile

import torch

from narrated.engines.neural.batch import Batch, TokenSequence
from narrated.engines.neural.decoder import KeyValueDecoder
from narrated.engines.tortoise.checkpoint import TortoiseModels
from narrated.engines.tortoise.request import TortoiseRequest
from narrated.engines.tortoise.unified_voice import UnifiedVoiceTransformer

SLICE = 12
"""Codes a step."""

NOT_A_NUMBER = "Tortoise's {} model gave what is not a number."

_USUAL_PROMPT = 128
"""Room for the prompts of usual texts, so that a longer one need not wait for an empty batch."""


@dataclass(frozen=True, slots=True, eq=False)
class SpeechCandidate:
    """One of those that a row asks for."""

    row: TortoiseRequest
    index: int


class AutoregressiveStage:
    """Candidates that wait for a slot, and those that are being made."""

    share = 0.45
    keeps = True

    def __init__(self) -> None:
        self._waiting: deque[SpeechCandidate] = deque()
        self._batch: Batch[SpeechCandidate] | None = None
        self._length = 0
        """How many positions a candidate of the batch has."""

    @property
    def rows(self) -> Sequence[TortoiseRequest]:
        """All that are here, those that are under way first."""
        candidates = (*(run.row for run in self._runs), *self._waiting)
        return list(dict.fromkeys(candidate.row for candidate in candidates))

    def admit(self, row: TortoiseRequest) -> None:
        """Queue a row's candidates until slots are free."""
        self._waiting.extend(SpeechCandidate(row, index) for index in range(len(row.candidates)))

    def at_hand(self, module: TortoiseModels, width: int) -> Sequence[TortoiseRequest]:
        """Whose candidates may join now; where none may, those under way."""
        joining = self._joining(width) or [run.row for run in self._runs]
        return list(dict.fromkeys(candidate.row for candidate in joining))

    def work(self, module: TortoiseModels, width: int) -> Sequence[TortoiseRequest]:
        """Have waiting candidates join where slots are free; else go on by a slice."""
        transformer = UnifiedVoiceTransformer(module.autoregressive)
        joining = self._joining(width)
        if joining:
            finished = self._joined(transformer, joining, width)
        else:
            assert self._batch is not None, "there is somebody to bring on"
            finished = self._batch.advance(transformer, SLICE)
        rows = list(self._through(finished))
        if not self.rows:
            self._batch = None  # the stages behind take as long, and the memory
        return rows

    def progress(self, row: TortoiseRequest) -> float:
        """How many codes there are of those there may be."""
        under_way = sum(len(run.tokens) for run in self._runs if run.row.row is row)
        limit = row.settings.max_mel_tokens
        done = sum(candidate is not None for candidate in row.candidates)
        return (done + under_way / limit) / len(row.candidates)

    def forget(self, row: TortoiseRequest) -> None:
        """Let a row's candidates go, wherever they are."""
        self._waiting = deque(each for each in self._waiting if each.row is not row)
        for run in list(self._runs):
            if run.row.row is row and self._batch is not None:
                self._batch.leave(run)
        if not self.rows:
            self._batch = None

    def begin_again(self) -> None:
        """Drop keys and values; candidates under way are the first to join again."""
        order = {row: place for place, row in enumerate(self.rows)}
        under_way = [run.row for run in self._runs]
        under_way.sort(key=lambda each: (order[each.row], each.index), reverse=True)
        self._waiting.extendleft(under_way)
        self._batch = None

    @property
    def _runs(self) -> Sequence[TokenSequence[SpeechCandidate]]:
        return self._batch.runs if self._batch is not None else ()

    def _joining(self, width: int) -> list[SpeechCandidate]:
        """The first that wait and are of one row, as many as there are slots."""
        if not self._waiting:
            return []
        row = self._waiting[0].row
        if self._batch is not None and self._runs:
            if _positions(row) > self._length:
                return []  # once the batch is empty it is made anew, with room for it
            width = min(width, self._batch.slots)
        own = takewhile(lambda each: each.row is row, self._waiting)
        return list(islice(own, max(0, width - len(self._runs))))

    def _joined(
        self, transformer: UnifiedVoiceTransformer, joining: Sequence[SpeechCandidate], width: int
    ) -> Iterable[TokenSequence[SpeechCandidate]]:
        row = joining[0].row
        assert row.latents is not None, "the stage before has heard the voice"
        batch = self._batch
        if batch is None or (not batch.runs and self._too_small(batch, width)):
            batch = self._started(transformer, width)
        prompt = transformer.prompt(row.latents.autoregressive, row.words)
        runs = [
            TokenSequence(
                candidate,
                len(prompt),
                row.settings.choice,
                row.draws(row.settings.max_mel_tokens, "autoregressive", candidate.index),
                heard=transformer.heard,
            )
            for candidate in joining
        ]
        finished = batch.join(transformer, runs, prompt[None])
        for _ in joining:
            self._waiting.popleft()
        return finished

    def _too_small(self, batch: Batch[SpeechCandidate], width: int) -> bool:
        """Whether those that wait would gain by a batch of other measures."""
        slots = min(width, len(self._waiting))
        return batch.slots < slots or _positions(self._waiting[0].row) > self._length

    def _started(self, transformer: UnifiedVoiceTransformer, width: int) -> Batch[SpeechCandidate]:
        self._batch = None  # what it holds makes room for the next
        codes = max(each.row.settings.max_mel_tokens for each in self._waiting)
        longest = max(_positions(each.row) for each in self._waiting)
        decoder = KeyValueDecoder(
            transformer, min(width, len(self._waiting)), max(longest, codes + _USUAL_PROMPT)
        )
        self._length = decoder.length
        allowed = torch.ones(1, transformer.vocabulary, dtype=torch.bool)
        allowed[0, transformer.start] = False  # no code, so what comes after could not read it
        self._batch = Batch(decoder, allowed.to(decoder.device), transformer.end)
        return self._batch

    def _through(
        self, finished: Iterable[TokenSequence[SpeechCandidate]]
    ) -> Iterable[TortoiseRequest]:
        for run in finished:
            row = run.row.row
            if row.problem:
                continue  # it went with another of its candidates
            if not run.sound:
                row.problem = NOT_A_NUMBER.format("autoregressive")
                self.forget(row)
                yield row
            else:
                row.candidates[run.row.index] = run.tokens
                if all(candidate is not None for candidate in row.candidates):
                    yield row


def _positions(row: TortoiseRequest) -> int:
    """How many a candidate of a row takes at most: voice, text and its three signs, codes."""
    return 1 + len(row.words) + 3 + 1 + row.settings.max_mel_tokens

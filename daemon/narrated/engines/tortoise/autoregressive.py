"""The second stage: generates candidates for a text, as codes, some 21 a second of speech.

The candidates of all requests share the slots of one batch. Those of one request share one
prefill of its prompt.
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
"""Codes generated in one step."""

NOT_A_NUMBER = "Tortoise's {} model gave what is not a number."

_USUAL_PROMPT = 128
"""Positions for the prompts of usual texts, so that few requests wait for an empty batch."""


@dataclass(frozen=True, slots=True, eq=False)
class SpeechCandidate:
    """One of the candidates of a request."""

    row: TortoiseRequest
    index: int


class AutoregressiveStage:
    """Holds candidates that wait for a slot, and those in the batch."""

    share = 0.45
    keeps = True

    def __init__(self) -> None:
        self._waiting: deque[SpeechCandidate] = deque()
        self._batch: Batch[SpeechCandidate] | None = None
        self._length = 0
        """Positions of each slot of the batch."""

    @property
    def rows(self) -> Sequence[TortoiseRequest]:
        """All requests of this stage, those in the batch first."""
        candidates = (*(run.row for run in self._runs), *self._waiting)
        return list(dict.fromkeys(candidate.row for candidate in candidates))

    def admit(self, row: TortoiseRequest) -> None:
        """Queue a request's candidates until slots are free."""
        self._waiting.extend(SpeechCandidate(row, index) for index in range(len(row.candidates)))

    def at_hand(self, module: TortoiseModels, width: int) -> Sequence[TortoiseRequest]:
        """Requests of the next step: those whose candidates can join, or else all in the batch."""
        joining = self._joining(width) or [run.row for run in self._runs]
        return list(dict.fromkeys(candidate.row for candidate in joining))

    def work(self, module: TortoiseModels, width: int) -> Sequence[TortoiseRequest]:
        """Add waiting candidates if slots are free; otherwise generate a slice of codes."""
        transformer = UnifiedVoiceTransformer(module.autoregressive)
        joining = self._joining(width)
        if joining:
            finished = self._joined(transformer, joining, width)
        else:
            assert self._batch is not None, "a request is in the batch"
            finished = self._batch.advance(transformer, SLICE)
        rows = list(self._through(finished))
        if not self.rows:
            self._batch = None  # the later stages take as long, and need the memory
        return rows

    def progress(self, row: TortoiseRequest) -> float:
        """Share of the most possible codes that is generated."""
        under_way = sum(len(run.tokens) for run in self._runs if run.row.row is row)
        limit = row.settings.max_mel_tokens
        done = sum(candidate is not None for candidate in row.candidates)
        return (done + under_way / limit) / len(row.candidates)

    def forget(self, row: TortoiseRequest) -> None:
        """Remove a request's candidates from the queue and the batch."""
        self._waiting = deque(each for each in self._waiting if each.row is not row)
        for run in list(self._runs):
            if run.row.row is row and self._batch is not None:
                self._batch.leave(run)
        if not self.rows:
            self._batch = None

    def begin_again(self) -> None:
        """Free keys and values; candidates of the batch are the first to join again."""
        order = {row: place for place, row in enumerate(self.rows)}
        under_way = [run.row for run in self._runs]
        under_way.sort(key=lambda each: (order[each.row], each.index), reverse=True)
        self._waiting.extendleft(under_way)
        self._batch = None

    @property
    def _runs(self) -> Sequence[TokenSequence[SpeechCandidate]]:
        return self._batch.runs if self._batch is not None else ()

    def _joining(self, width: int) -> list[SpeechCandidate]:
        """The first waiting candidates of one request, as many as there are free slots."""
        if not self._waiting:
            return []
        row = self._waiting[0].row
        if self._batch is not None and self._runs:
            if _positions(row) > self._length:
                return []  # it waits for an empty batch, which then gets longer slots
            width = min(width, self._batch.slots)
        own = takewhile(lambda each: each.row is row, self._waiting)
        return list(islice(own, max(0, width - len(self._runs))))

    def _joined(
        self, transformer: UnifiedVoiceTransformer, joining: Sequence[SpeechCandidate], width: int
    ) -> Iterable[TokenSequence[SpeechCandidate]]:
        row = joining[0].row
        assert row.latents is not None, "the conditioning stage sets the latents"
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
        """True if the waiting candidates need more or longer slots."""
        slots = min(width, len(self._waiting))
        return batch.slots < slots or _positions(self._waiting[0].row) > self._length

    def _started(self, transformer: UnifiedVoiceTransformer, width: int) -> Batch[SpeechCandidate]:
        self._batch = None  # frees its memory for the next
        codes = max(each.row.settings.max_mel_tokens for each in self._waiting)
        longest = max(_positions(each.row) for each in self._waiting)
        decoder = KeyValueDecoder(
            transformer, min(width, len(self._waiting)), max(longest, codes + _USUAL_PROMPT)
        )
        self._length = decoder.length
        allowed = torch.ones(1, transformer.vocabulary, dtype=torch.bool)
        allowed[0, transformer.start] = False  # not a code: the later stages cannot read it
        self._batch = Batch(decoder, allowed.to(decoder.device), transformer.end)
        return self._batch

    def _through(
        self, finished: Iterable[TokenSequence[SpeechCandidate]]
    ) -> Iterable[TortoiseRequest]:
        for run in finished:
            row = run.row.row
            if row.problem:
                continue  # another of its candidates failed
            if not run.sound:
                row.problem = NOT_A_NUMBER.format("autoregressive")
                self.forget(row)
                yield row
            else:
                row.candidates[run.row.index] = run.tokens
                if all(candidate is not None for candidate in row.candidates):
                    yield row


def _positions(row: TortoiseRequest) -> int:
    """Most positions of a candidate: voice, text with its three signs, and codes."""
    return 1 + len(row.words) + 3 + 1 + row.settings.max_mel_tokens

"""The second stage: generates candidates for a text, as codes, some 21 a second of speech.

The candidates of all requests share the slots of one batch. Those of one request share one
prefill of its prompt.
"""

from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import islice, takewhile

import torch

from narrated.engines.neural.decoder import KeyValueDecoder
from narrated.engines.neural.running_batch import Batch, TokenSequence
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

    request: TortoiseRequest
    index: int


class AutoregressiveStage:
    """Holds candidates that wait for a slot, and those in the batch."""

    share = 0.45
    keeps_memory = True

    def __init__(self) -> None:
        self._waiting: deque[SpeechCandidate] = deque()
        self._batch: Batch[SpeechCandidate] | None = None
        self._length = 0
        """Positions of each slot of the batch."""

    @property
    def requests(self) -> Sequence[TortoiseRequest]:
        """All requests of this stage, those in the batch first."""
        candidates = (*(run.owner for run in self._sequences), *self._waiting)
        return list(dict.fromkeys(candidate.request for candidate in candidates))

    def admit(self, request: TortoiseRequest) -> None:
        """Queue a request's candidates until slots are free."""
        self._waiting.extend(
            SpeechCandidate(request, index) for index in range(len(request.candidates))
        )

    def next_requests(self, module: TortoiseModels, width: int) -> Sequence[TortoiseRequest]:
        """Requests of the next step: those whose candidates can join, or else all in the batch."""
        joining = self._joining(width) or [run.owner for run in self._sequences]
        return list(dict.fromkeys(candidate.request for candidate in joining))

    def work(self, module: TortoiseModels, width: int) -> Sequence[TortoiseRequest]:
        """Add waiting candidates if slots are free; otherwise generate a slice of codes."""
        transformer = UnifiedVoiceTransformer(module.autoregressive)
        joining = self._joining(width)
        if joining:
            finished = self._joined(transformer, joining, width)
        else:
            assert self._batch is not None, "a request is in the batch"
            finished = self._batch.advance(transformer, SLICE)
        requests = list(self._through(finished))
        if not self.requests:
            self._batch = None  # the later stages take as long, and need the memory
        return requests

    def progress(self, request: TortoiseRequest) -> float:
        """Share of the most possible codes that is generated."""
        under_way = sum(len(run.tokens) for run in self._sequences if run.owner.request is request)
        limit = request.settings.max_mel_tokens
        done = sum(candidate is not None for candidate in request.candidates)
        return (done + under_way / limit) / len(request.candidates)

    def forget(self, request: TortoiseRequest) -> None:
        """Remove a request's candidates from the queue and the batch."""
        self._waiting = deque(each for each in self._waiting if each.request is not request)
        for run in list(self._sequences):
            if run.owner.request is request and self._batch is not None:
                self._batch.remove(run)
        if not self.requests:
            self._batch = None

    def restart(self) -> None:
        """Free keys and values; candidates of the batch are the first to join again."""
        order = {request: place for place, request in enumerate(self.requests)}
        under_way = [run.owner for run in self._sequences]
        under_way.sort(key=lambda each: (order[each.request], each.index), reverse=True)
        self._waiting.extendleft(under_way)
        self._batch = None

    @property
    def _sequences(self) -> Sequence[TokenSequence[SpeechCandidate]]:
        return self._batch.sequences if self._batch is not None else ()

    def _joining(self, width: int) -> list[SpeechCandidate]:
        """The first waiting candidates of one request, as many as there are free slots."""
        if not self._waiting:
            return []
        request = self._waiting[0].request
        if self._batch is not None and self._sequences:
            if _positions(request) > self._length:
                return []  # it waits for an empty batch, which then gets longer slots
            width = min(width, self._batch.slots)
        own = takewhile(lambda each: each.request is request, self._waiting)
        return list(islice(own, max(0, width - len(self._sequences))))

    def _joined(
        self, transformer: UnifiedVoiceTransformer, joining: Sequence[SpeechCandidate], width: int
    ) -> Iterable[TokenSequence[SpeechCandidate]]:
        request = joining[0].request
        assert request.latents is not None, "the conditioning stage sets the latents"
        batch = self._batch
        if batch is None or (not batch.sequences and self._too_small(batch, width)):
            batch = self._started(transformer, width)
        prompt = transformer.prompt(request.latents.autoregressive, request.words)
        runs = [
            TokenSequence(
                candidate,
                len(prompt),
                request.settings.sampling,
                request.uniform(request.settings.max_mel_tokens, "autoregressive", candidate.index),
                already_said=transformer.heard,
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
        return batch.slots < slots or _positions(self._waiting[0].request) > self._length

    def _started(self, transformer: UnifiedVoiceTransformer, width: int) -> Batch[SpeechCandidate]:
        self._batch = None  # frees its memory for the next
        codes = max(each.request.settings.max_mel_tokens for each in self._waiting)
        longest = max(_positions(each.request) for each in self._waiting)
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
            request = run.owner.request
            if request.problem:
                continue  # another of its candidates failed
            if not run.is_finite:
                request.problem = NOT_A_NUMBER.format("autoregressive")
                self.forget(request)
                yield request
            else:
                request.candidates[run.owner.index] = run.tokens
                if all(candidate is not None for candidate in request.candidates):
                    yield request


def _positions(request: TortoiseRequest) -> int:
    """Most positions of a candidate: voice, text with its three signs, and codes."""
    return 1 + len(request.words) + 3 + 1 + request.settings.max_mel_tokens

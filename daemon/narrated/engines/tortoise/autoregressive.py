"""The second stage: generates candidates for a text, as codes, some 21 a second of speech.

The candidates of all requests share the slots of one batch. Those of one request share one
prefill of its prompt.
"""

from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import islice, takewhile
from typing import Any

import torch
from torch import Tensor

from narrated.engines.neural.decoder import Attend, KeyValueDecoder, TransformerBlock
from narrated.engines.neural.running_batch import RunningBatch, TokenSequence
from narrated.engines.neural.stage_pipeline import Stage
from narrated.engines.neural.transfers import to_device
from narrated.engines.tortoise.candidate_draws import CandidateDraws, usable
from narrated.engines.tortoise.checkpoint import TortoiseModels
from narrated.engines.tortoise.request import NOT_FINITE, TortoiseRequest

SLICE = 12
"""Codes generated in one step."""

_HEARD = 1  # upstream's code for each position of voice and text
_USUAL_PROMPT = 128
"""Positions for the prompts of usual texts, so that few requests wait for an empty batch."""


class UnifiedVoiceTransformer:
    """Wraps UnifiedVoice, GPT-2 over a voice, a text and codes; made for each call.

    Positions are upstream's without a cache: text tokens and codes are numbered separately. With
    `kv_cache=True`, upstream is off by one from the first code.
    """

    def __init__(self, model: Any) -> None:
        self.model = model
        self.layers = len(model.gpt.h)
        self.heads = int(model.heads)
        self.head_size = int(model.model_dim) // self.heads
        self._text_positions = model.text_pos_embedding.emb.weight
        self._code_positions = model.mel_pos_embedding.emb.weight
        self.positions = 1 + len(self._text_positions) + len(self._code_positions)
        self.vocabulary = int(model.number_mel_codes)
        self.start, self.end = int(model.start_mel_token), int(model.stop_mel_token)
        self.heard = (_HEARD, self.start)
        """Codes that the repetition penalty counts from the start, as in upstream."""
        self.dtype: torch.dtype = self._text_positions.dtype
        self.device: torch.device = self._text_positions.device

    @property
    def weights(self) -> Iterable[Tensor]:
        """The model's weights."""
        parameters: Iterable[Tensor] = self.model.parameters()
        return parameters

    def prompt(self, request: TortoiseRequest) -> Tensor:
        """Embeddings before the first code, (positions, width): voice, text, start sign.

        Upstream appends a 0 to the text, which "may not be necessary", and an end sign, also 0.
        """
        assert request.latents is not None, "the conditioning stage sets the latents"
        model = self.model
        signs = [model.start_text_token, *request.words, 0, model.stop_text_token]
        text = to_device(torch.tensor(signs), self.device)
        said = model.text_embedding(text) + self._text_positions[: len(text)]
        start = model.mel_embedding.weight[self.start] + self._code_positions[0]
        voice = to_device(request.latents.autoregressive.to(self.dtype), self.device)
        return torch.cat([voice, said, start[None]])

    def blocks(self) -> Iterator[TransformerBlock]:
        """GPT-2's layers."""
        return (partial(_through_block, block, self.heads) for block in self.model.gpt.h)

    def embedded(self, tokens: Tensor, positions: Tensor, prompts: Tensor) -> Tensor:
        """Embed codes with their positions; the start sign has position 0."""
        numbers = (positions - prompts + 1).clamp(max=len(self._code_positions) - 1)
        embedded: Tensor = self.model.mel_embedding(tokens) + self._code_positions[numbers]
        return embedded

    def normed(self, hidden: Tensor) -> Tensor:
        """Apply GPT-2's last norm and upstream's own, in any shape (…, width)."""
        normed: Tensor = self.model.final_norm(self.model.gpt.ln_f(hidden))
        return normed

    def logits(self, hidden: Tensor) -> Tensor:
        """Logits of the next code."""
        logits: Tensor = self.model.mel_head(self.normed(hidden))
        return logits


def _through_block(block: Any, heads: int, hidden: Tensor, attend: Attend) -> Tensor:
    """`hidden` (rows, positions, width) after the block: pre-norm attention, then the MLP."""
    rows, positions, width = hidden.shape
    projected = block.attn.c_attn(block.ln_1(hidden)).view(rows, positions, 3, heads, -1)
    query, key, value = projected.permute(2, 0, 3, 1, 4)
    attended = attend(query, key, value).transpose(1, 2).reshape(rows, positions, width)
    hidden = hidden + block.attn.c_proj(attended)
    after: Tensor = hidden + block.mlp(block.ln_2(hidden))
    return after


def weights(model: Any) -> float:
    """Number of weights that each position is multiplied with."""
    return 12.0 * len(model.gpt.h) * int(model.model_dim) ** 2


@dataclass(frozen=True, slots=True, eq=False)
class _Place:
    """A candidate of a request that is to be generated."""

    request: TortoiseRequest
    index: int


_Sequence = TokenSequence[_Place]


class AutoregressiveStage(Stage[TortoiseModels, TortoiseRequest]):
    """Holds candidates that wait for a slot, those in the batch, and requests that need none.

    A request whose candidate is among the kept ones has nothing to generate.
    """

    share = 0.45
    keeps_memory = True
    has_slots = True
    works_apart = True  # the later stages take as long, and need the memory

    def __init__(self, draws: CandidateDraws) -> None:
        super().__init__()
        self._draws = draws
        self._candidates: deque[_Place] = deque()
        self._batch: RunningBatch[_Place] | None = None
        self._length = 0
        """Positions of each slot of the batch."""

    @property
    def requests(self) -> Sequence[TortoiseRequest]:
        """All requests of this stage, those in the batch before those that wait for a slot."""
        candidates = (*(run.owner for run in self._sequences), *self._candidates)
        own = (candidate.request for candidate in candidates)
        return [*self._waiting, *dict.fromkeys(own)]

    def admit(self, request: TortoiseRequest) -> None:
        """Queue a request's candidates until slots are free; none if those it needs are kept."""
        if request.choose_kept(self._draws):
            self._waiting.append(request)
            return
        self._candidates.extend(_Place(request, index) for index in range(len(request.candidates)))

    def next_requests(self, module: TortoiseModels, width: int) -> Sequence[TortoiseRequest]:
        """Requests of the next step: those that need none, those whose candidates can join, or else
        all in the batch."""
        if self._waiting:
            return list(self._waiting)
        joining = self._joining(width) or [run.owner for run in self._sequences]
        return list(dict.fromkeys(candidate.request for candidate in joining))

    @property
    def is_in_progress(self) -> bool:  # type: ignore[override] # a constant in the others
        """True if candidates hold slots."""
        return bool(self._sequences)

    @property
    def slots_wanted(self) -> int:
        """Slots of the candidates that are not finished."""
        return len(self._sequences) + len(self._candidates)

    def fullness(self, module: TortoiseModels, width: int) -> float:
        """Share of the slots that candidates hold or can join; full if a request needs none."""
        if self._waiting:
            return 1.0
        joining = 0 if self._awaits_empty_batch(width) else len(self._candidates)
        return min(1.0, (len(self._sequences) + joining) / width)

    def work(self, module: TortoiseModels, width: int) -> Sequence[TortoiseRequest]:
        """Add waiting candidates if slots are free; otherwise generate a slice of codes."""
        if self._waiting:
            found = list(self._waiting)
            self._waiting.clear()
            return found
        transformer = UnifiedVoiceTransformer(module.autoregressive)
        if joining := self._joining(width):
            finished = self._joined(transformer, joining, width)
        else:
            assert self._batch is not None, "a request is in the batch"
            finished = self._batch.advance(transformer, SLICE)
        requests = list(self._through(finished))
        if not self.requests:
            self._batch = None
        return requests

    def progress(self, request: TortoiseRequest) -> float:
        """Share of the most possible codes that is generated."""
        under_way = sum(len(run.tokens) for run in self._sequences if run.owner.request is request)
        limit = request.most_codes
        done = sum(candidate is not None for candidate in request.candidates)
        return (done + under_way / limit) / len(request.candidates)

    def forget(self, request: TortoiseRequest) -> None:
        """Remove a request's candidates from the queue and the batch."""
        self._candidates = deque(each for each in self._candidates if each.request is not request)
        self._waiting = deque(each for each in self._waiting if each is not request)
        for run in list(self._sequences):
            if run.owner.request is request and self._batch is not None:
                self._batch.remove(run)
        if not self.requests:
            self._batch = None

    def restart(self) -> None:
        """Free keys and values; candidates of the batch are the first to join again."""
        order = self.requests
        under_way = [run.owner for run in self._sequences]
        under_way.sort(key=lambda each: (order.index(each.request), each.index))
        self._candidates.extendleft(reversed(under_way))
        self._batch = None

    @property
    def _sequences(self) -> Sequence[_Sequence]:
        return self._batch.sequences if self._batch is not None else ()

    def _joining(self, width: int) -> list[_Place]:
        """The first waiting candidates of one request, as many as there are free slots."""
        if not self._candidates:
            return []
        if self._awaits_empty_batch(width):
            return []
        if self._batch is not None and self._sequences:
            width = min(width, self._batch.slots)
        request = self._candidates[0].request
        own = takewhile(lambda each: each.request is request, self._candidates)
        return list(islice(own, max(0, width - len(self._sequences))))

    def _awaits_empty_batch(self, width: int) -> bool:
        """True if the next batch is to have longer slots, or at least twice as many."""
        if self._batch is None or not self._sequences or not self._candidates:
            return False
        slots = min(width, len(self._sequences) + len(self._candidates))
        is_longer = _positions(self._candidates[0].request) > self._length
        return is_longer or slots >= 2 * self._batch.slots

    def _joined(
        self, transformer: UnifiedVoiceTransformer, joining: Sequence[_Place], width: int
    ) -> Iterable[_Sequence]:
        request, batch = joining[0].request, self._batch
        if batch is None or (not batch.sequences and self._too_small(batch, width)):
            batch = self._started(transformer, width)
        prompt = transformer.prompt(request)
        runs = [
            TokenSequence(
                candidate,
                len(prompt),
                request.settings.sampling,
                _numbers(request, candidate.index),
                already_said=transformer.heard,
            )
            for candidate in joining
        ]
        finished = batch.join(transformer, runs, prompt[None])
        for _ in joining:
            self._candidates.popleft()
        return finished

    def _too_small(self, batch: RunningBatch[_Place], width: int) -> bool:
        """True if the waiting candidates need more or longer slots."""
        slots = min(width, len(self._candidates))
        return batch.slots < slots or _positions(self._candidates[0].request) > self._length

    def _started(self, transformer: UnifiedVoiceTransformer, width: int) -> RunningBatch[_Place]:
        self._batch = None  # frees its memory for the next
        codes = max(each.request.settings.max_mel_tokens for each in self._candidates)
        longest = max(_positions(each.request) for each in self._candidates)
        decoder = KeyValueDecoder(
            transformer, min(width, len(self._candidates)), max(longest, codes + _USUAL_PROMPT)
        )
        self._length = decoder.length
        allowed = torch.ones(1, transformer.vocabulary, dtype=torch.bool)
        allowed[0, transformer.start] = False  # not a code: the later stages cannot read it
        self._batch = RunningBatch(decoder, to_device(allowed, decoder.device), transformer.end)
        return self._batch

    def _through(self, finished: Iterable[_Sequence]) -> Iterable[TortoiseRequest]:
        for run in finished:
            request = run.owner.request
            if request.problem:
                continue  # another of its candidates failed
            request.candidates[run.owner.index] = run.tokens
            request.have_ended[run.owner.index] = run.ended
            if not run.is_finite:
                request.problem = NOT_FINITE.format("autoregressive")
                self.forget(request)
            if request.problem or self._is_drawn(request):
                yield request

    def _is_drawn(self, request: TortoiseRequest) -> bool:
        """True if all candidates are there. It draws again if the takes before need all of them."""
        if any(codes is None for codes in request.candidates):
            return False
        takes = usable(request.have_ended)
        if request.place < takes:
            return True
        self._draws.keep(request.draw_key, takes)
        request.pass_over(takes)
        self.admit(request)
        return False


def _positions(request: TortoiseRequest) -> int:
    """Most positions of a candidate: voice, text with its three signs, and codes."""
    return 1 + len(request.words) + 3 + 1 + request.settings.max_mel_tokens


def _numbers(request: TortoiseRequest, index: int) -> Tensor:
    """One random number for each code of a candidate."""
    most = request.settings.max_mel_tokens
    path = "autoregressive", index
    return request.uniform(most, *path, seed=request.draw_seed)[: request.most_codes]

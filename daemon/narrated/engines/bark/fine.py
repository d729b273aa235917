"""The third stage: the codec's other six codebooks, each in one pass over all positions.

A pass sees 1,024 positions in both directions. A short request therefore needs the padding of
the training behind it, however long the other requests of the pass are.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch.nn.functional import scaled_dot_product_attention
from transformers import BarkModel
from transformers.models.bark.modeling_bark import BarkFineModel

from narrated.engines.bark.generation_config import GenerationConfig
from narrated.engines.bark.request import NOT_FINITE, BarkRequest
from narrated.engines.bark.transformer_adapter import blocks, pass_weights, through
from narrated.engines.neural.sampler import draw
from narrated.engines.neural.stage_pipeline import Stage, full_pass, requests_per_pass
from narrated.engines.neural.transfers import draws_to_device, to_device, to_host

_LIKELIEST = (0.0, 1.0)
"""Temperatures at which Bark takes the likeliest code."""


@dataclass(slots=True, eq=False)
class _FineProgress:
    """A request's codes, and its next pass."""

    request: BarkRequest
    codes: torch.Tensor
    """(positions, codebooks): the voice's history, the request's own codes, padding."""
    own: slice
    """Positions of the request's own codes."""
    windows: Sequence[tuple[int, int]]
    """Start of each window, and the offset of the first code to fill in it."""
    codebook: int
    window: int = 0


class FineStage(Stage[BarkModel, BarkRequest]):
    """Makes one pass for all requests that are at the same codebook."""

    share = 0.2

    def __init__(self, generation: GenerationConfig) -> None:
        super().__init__()
        self._in_progress: list[_FineProgress] = []
        self._coarse_base = generation.semantic.semantic_vocab_size
        self._codebook_size = generation.codebook_size
        self._given: int = generation.coarse.n_coarse_codebooks
        self._codebooks: int = generation.fine.n_fine_codebooks
        self._length: int = generation.fine.max_fine_input_length
        self._hop: int = generation.fine.max_fine_history_length

    @property
    def requests(self) -> Sequence[BarkRequest]:
        """All requests of this stage."""
        return [work.request for work in self._in_progress]

    def admit(self, request: BarkRequest) -> None:
        """Lay out a request's coarse codes after the end of its voice's."""
        coarse = torch.tensor(request.coarse).view(-1, self._given)
        history = torch.zeros(0, self._codebooks, dtype=torch.int64)
        if request.prompt is not None:
            history = torch.from_numpy(request.prompt.fine.T[-self._hop :])
        own = slice(len(history), len(history) + len(coarse))
        codes = torch.full((max(own.stop, self._length), self._codebooks), self._codebook_size)
        codes[: own.start] = history
        codes[own, : self._given] = (coarse - self._coarse_base) % self._codebook_size
        windows = self._windows(own, len(codes))
        self._in_progress.append(_FineProgress(request, codes, own, windows, self._given))

    def next_requests(self, module: BarkModel, width: int) -> Sequence[BarkRequest]:
        """Requests of the next pass."""
        return [work.request for work in self._passing(module, width)]

    def full_batch(self, module: BarkModel, width: int) -> int:
        """Number of requests that fill a pass."""
        return full_pass(self._most(module, width))

    def work(self, module: BarkModel, width: int) -> Sequence[BarkRequest]:
        """Make one pass; returns the requests that finished."""
        passing = self._passing(module, width)
        chosen = self._chosen(module, passing)
        sound = chosen[:, -1].tolist()
        finished = []
        for work, own, healthy in zip(passing, chosen, sound, strict=True):
            if not healthy:
                work.request.problem = NOT_FINITE.format("fine")
            if self._filled(work, own[:-1]) or not healthy:
                self._in_progress.remove(work)
                finished.append(work.request)
        return finished

    def progress(self, request: BarkRequest) -> float:
        """Share of the request's passes that are done."""
        work = next(work for work in self._in_progress if work.request is request)
        passes = self._codebooks - self._given
        made = work.window * passes + work.codebook - self._given
        return made / (passes * len(work.windows))

    def forget(self, request: BarkRequest) -> None:
        """Remove a request."""
        self._in_progress = [work for work in self._in_progress if work.request is not request]

    def _windows(self, own: slice, positions: int) -> Sequence[tuple[int, int]]:
        """Windows that overlap by half; the last one ends with the codes."""
        count = max(0, -(-(own.stop - self._length) // self._hop)) + 1
        hops = [index * self._hop for index in range(count)]
        starts = [min(hop, positions - self._length) for hop in hops]
        fills = [min(own.start + hop, positions - self._hop) for hop in hops]
        return [(start, fill - start) for start, fill in zip(starts, fills, strict=True)]

    def _passing(self, module: BarkModel, width: int) -> Sequence[_FineProgress]:
        """Requests at the lowest codebook; the others wait, to share later passes."""
        codebook = min(work.codebook for work in self._in_progress)
        passing = [work for work in self._in_progress if work.codebook == codebook]
        return passing[: self._most(module, width)]

    def _most(self, module: BarkModel, width: int) -> int:
        """Most requests of a pass."""
        config = module.fine_acoustics.config
        weights = pass_weights(config.num_layers, config.hidden_size)
        return requests_per_pass(weights, self._length, module.device, width)

    def _shown(self, work: _FineProgress) -> torch.Tensor:
        start, _ = work.windows[work.window]
        return work.codes[start : start + self._length]

    def _chosen(self, module: BarkModel, passing: Sequence[_FineProgress]) -> torch.Tensor:
        """Codes of each position, (batch, positions), and behind them 1 if all logits are finite.

        It waits for the device once, however many requests there are.
        """
        codes = torch.stack([self._shown(work) for work in passing])
        uniform = torch.stack([self._uniform(work) for work in passing])
        uniform = draws_to_device(uniform, module.device)
        codes = to_device(codes, module.device)
        logits = passed(module.fine_acoustics, codes, passing[0].codebook)
        logits = logits[..., : self._codebook_size]
        chosen = codes.new_empty(len(passing), self._length + 1)
        # The extremes of what is not finite are not either; it takes a sixth of asking each.
        chosen[:, -1] = logits.amin((1, 2)).isfinite() & logits.amax((1, 2)).isfinite()
        for row, work in enumerate(passing):
            _, fill = work.windows[work.window]
            chosen[row, fill:-1] = _codes(work.request, logits[row, fill:], uniform[row, fill:])
        return to_host(chosen)

    def _uniform(self, work: _FineProgress) -> torch.Tensor:
        """Random numbers of a pass, (positions,); zeros for the likeliest codes."""
        if work.request.sampling.fine_temperature in _LIKELIEST:
            return torch.zeros(self._length, dtype=torch.float64)
        return work.request.uniform(self._length, "fine", work.window, work.codebook)

    def _filled(self, work: _FineProgress, chosen: torch.Tensor) -> bool:
        """Store the codes of a pass; True if it was the request's last."""
        start, fill = work.windows[work.window]
        work.codes[start + fill : start + len(chosen), work.codebook] = chosen[fill:]
        work.codebook += 1
        if work.codebook < self._codebooks:
            return False
        work.codebook = self._given
        work.window += 1
        if work.window < len(work.windows):
            return False
        work.request.fine = work.codes[work.own].T
        return True


def _codes(request: BarkRequest, logits: torch.Tensor, uniform: torch.Tensor) -> torch.Tensor:
    """Codes of positions, from logits (positions, codebook size)."""
    temperature = request.sampling.fine_temperature
    if temperature in _LIKELIEST:
        return logits.argmax(-1)
    return draw(logits.float() / temperature, uniform)


def passed(model: BarkFineModel, codes: torch.Tensor, codebook: int) -> torch.Tensor:
    """Logits of a codebook, (batch, positions, vocabulary), from it and those before it.

    `codes` (batch, positions, codebooks) hold padding in the places to fill.
    """
    embedded = [model.input_embeds_layers[k](codes[..., k]) for k in range(codebook + 1)]
    places = torch.arange(codes.shape[1], device=codes.device)
    hidden = torch.stack(embedded).sum(0) + model.position_embeds_layer(places)
    for block in blocks(model.layers):
        hidden = through(block, hidden, scaled_dot_product_attention)
    head = model.lm_heads[codebook - model.config.n_codes_given]
    logits: torch.Tensor = head(model.layernorm_final(hidden))
    return logits

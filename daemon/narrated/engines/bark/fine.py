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

from narrated.engines.bark.causal_stage import NOT_A_NUMBER, pass_weights
from narrated.engines.bark.generation_config import GenerationConfig
from narrated.engines.bark.request import BarkRequest
from narrated.engines.bark.transformer_blocks import blocks, through
from narrated.engines.neural.sampler import draw
from narrated.engines.neural.stage_pipeline import requests_per_pass


@dataclass(frozen=True, slots=True)
class FineWindow:
    """Start of a window, and the offset of the first code to fill in it."""

    start: int
    fill: int


@dataclass(slots=True, eq=False)
class _FineProgress:
    """A request's codes, and its next pass."""

    request: BarkRequest
    codes: torch.Tensor
    """(positions, codebooks): the voice's history, the request's own codes, padding."""
    history: int
    frames: int
    windows: Sequence[FineWindow]
    codebook: int
    window: int = 0


class FineStage:
    """Makes one pass for all requests that are at the same codebook."""

    share = 0.2
    keeps_memory = False

    def __init__(self, generation: GenerationConfig) -> None:
        self._generation = generation
        self._in_progress: list[_FineProgress] = []

    @property
    def requests(self) -> Sequence[BarkRequest]:
        """All requests of this stage."""
        return [work.request for work in self._in_progress]

    def admit(self, request: BarkRequest) -> None:
        """Lay out a request's coarse codes after the end of its voice's."""
        config, codebooks = self._generation.fine, self._generation.coarse.n_coarse_codebooks
        coarse = torch.tensor(request.coarse).view(-1, codebooks)
        coarse = (
            coarse - self._generation.semantic.semantic_vocab_size
        ) % self._generation.codebook_size
        length = config.max_fine_history_length
        history = torch.zeros(0, config.n_fine_codebooks, dtype=torch.int64)
        if request.prompt is not None:
            history = torch.from_numpy(request.prompt.fine.T[-length:])
        own = len(history) + len(coarse)
        positions = max(own, config.max_fine_input_length)
        codes = torch.full((positions, config.n_fine_codebooks), self._generation.codebook_size)
        codes[: len(history)] = history
        codes[len(history) : own, :codebooks] = coarse
        windows = self._windows(len(history), len(coarse), positions)
        self._in_progress.append(
            _FineProgress(request, codes, len(history), len(coarse), windows, codebooks)
        )

    def next_requests(self, module: BarkModel, width: int) -> Sequence[BarkRequest]:
        """Requests of the next pass."""
        return [work.request for work in self._passing(module, width)]

    def work(self, module: BarkModel, width: int) -> Sequence[BarkRequest]:
        """Make one pass; returns the requests that finished."""
        passing = self._passing(module, width)
        model = module.fine_acoustics
        codes = torch.stack([self._shown(work) for work in passing]).to(module.device)
        logits = passed(model, codes, passing[0].codebook)[..., : self._generation.codebook_size]
        sound = logits.isfinite().all(-1).all(-1).tolist()
        chosen = [self._chosen(work, scores) for work, scores in zip(passing, logits, strict=True)]
        finished = []
        for work, own, healthy in zip(passing, chosen, sound, strict=True):
            if not healthy:
                work.request.problem = NOT_A_NUMBER.format("fine")
            if self._filled(work, own) or not healthy:
                self._in_progress.remove(work)
                finished.append(work.request)
        return finished

    def progress(self, request: BarkRequest) -> float:
        """Share of the request's passes that are done."""
        work = next(work for work in self._in_progress if work.request is request)
        coarse = self._generation.coarse.n_coarse_codebooks
        passes = self._generation.fine.n_fine_codebooks - coarse
        made = work.window * passes + work.codebook - coarse
        return float(made / (passes * len(work.windows)))

    def forget(self, request: BarkRequest) -> None:
        """Remove a request."""
        self._in_progress = [work for work in self._in_progress if work.request is not request]

    def restart(self) -> None:
        """Do nothing: no memory of the device outlives a pass."""

    def _windows(self, history: int, frames: int, positions: int) -> Sequence[FineWindow]:
        """Windows that overlap by half; the last one ends with the codes."""
        length, hop = (
            self._generation.fine.max_fine_input_length,
            self._generation.fine.max_fine_history_length,
        )
        beyond = frames - (length - history)
        count = max(0, -(-beyond // hop)) + 1
        starts = [min(index * hop, positions - length) for index in range(count)]
        fills = [min(history + index * hop, positions - hop) for index in range(count)]
        return [FineWindow(start, fill - start) for start, fill in zip(starts, fills, strict=True)]

    def _passing(self, module: BarkModel, width: int) -> Sequence[_FineProgress]:
        """Requests at the lowest codebook; the others wait, to share later passes."""
        config, positions = (
            module.fine_acoustics.config,
            self._generation.fine.max_fine_input_length,
        )
        weights = pass_weights(config.num_layers, config.hidden_size)
        most = requests_per_pass(weights, positions, module.device, width)
        codebook = min(work.codebook for work in self._in_progress)
        return [work for work in self._in_progress if work.codebook == codebook][:most]

    def _shown(self, work: _FineProgress) -> torch.Tensor:
        start = work.windows[work.window].start
        return work.codes[start : start + self._generation.fine.max_fine_input_length]

    def _chosen(self, work: _FineProgress, logits: torch.Tensor) -> torch.Tensor:
        """Codes of the positions from `fill` on, from logits (positions, codebook size)."""
        fill, temperature = work.windows[work.window].fill, work.request.sampling.fine_temperature
        if temperature in (0.0, 1.0):
            return logits[fill:].argmax(-1).cpu()
        uniform = work.request.uniform(len(logits), "fine", work.window, work.codebook)
        scores = logits[fill:].float() / temperature
        return draw(scores, uniform[fill:].to(logits.device)).cpu()

    def _filled(self, work: _FineProgress, chosen: torch.Tensor) -> bool:
        """Store the codes of a pass; True if it was the request's last."""
        window = work.windows[work.window]
        begin = window.start + window.fill
        work.codes[begin : begin + len(chosen), work.codebook] = chosen
        work.codebook += 1
        if work.codebook < work.codes.shape[1]:
            return False
        work.codebook = self._generation.coarse.n_coarse_codebooks
        work.window += 1
        if work.window < len(work.windows):
            return False
        work.request.fine = work.codes[work.history : work.history + work.frames].T
        return True


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

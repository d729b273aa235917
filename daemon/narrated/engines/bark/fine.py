"""The third stage: the codec's other six codebooks, each in one pass that sees all positions.

A pass always sees 1,024 positions, and sees them both ways: what stands behind a short row
must be the padding that the model was trained with, whatever a longer row beside it needs.
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
from narrated.engines.neural.sampler import drawn
from narrated.engines.neural.stage_pipeline import rows_at_once


@dataclass(frozen=True, slots=True)
class FineWindow:
    """Where a window begins, and from where on in it codes are filled in."""

    start: int
    fill: int


@dataclass(slots=True, eq=False)
class _FineProgress:
    """A row's codes, and which pass comes next."""

    row: BarkRequest
    codes: torch.Tensor
    """(positions, codebooks): the voice's history, the row's own, padding."""
    history: int
    frames: int
    windows: Sequence[FineWindow]
    codebook: int
    window: int = 0


class FineStage:
    """Passes of rows that are at the same codebook are made together."""

    share = 0.2
    keeps = False

    def __init__(self, recipe: GenerationConfig) -> None:
        self._recipe = recipe
        self._works: list[_FineProgress] = []

    @property
    def rows(self) -> Sequence[BarkRequest]:
        """All that are here."""
        return [work.row for work in self._works]

    def admit(self, row: BarkRequest) -> None:
        """Lay a row's coarse codes out, behind the end of its voice's."""
        config, codebooks = self._recipe.fine, self._recipe.coarse.n_coarse_codebooks
        coarse = torch.tensor(row.coarse).view(-1, codebooks)
        coarse = (coarse - self._recipe.semantic.semantic_vocab_size) % self._recipe.codebook_size
        length = config.max_fine_history_length
        history = torch.zeros(0, config.n_fine_codebooks, dtype=torch.int64)
        if row.prompt is not None:
            history = torch.from_numpy(row.prompt.fine.T[-length:])
        own = len(history) + len(coarse)
        positions = max(own, config.max_fine_input_length)
        codes = torch.full((positions, config.n_fine_codebooks), self._recipe.codebook_size)
        codes[: len(history)] = history
        codes[len(history) : own, :codebooks] = coarse
        windows = self._windows(len(history), len(coarse), positions)
        self._works.append(_FineProgress(row, codes, len(history), len(coarse), windows, codebooks))

    def at_hand(self, module: BarkModel, width: int) -> Sequence[BarkRequest]:
        """Those that the next pass is made for."""
        return [work.row for work in self._passing(module, width)]

    def work(self, module: BarkModel, width: int) -> Sequence[BarkRequest]:
        """Make one pass."""
        passing = self._passing(module, width)
        model = module.fine_acoustics
        codes = torch.stack([self._shown(work) for work in passing]).to(module.device)
        logits = passed(model, codes, passing[0].codebook)[..., : self._recipe.codebook_size]
        sound = logits.isfinite().all(-1).all(-1).tolist()
        chosen = [self._chosen(work, scores) for work, scores in zip(passing, logits, strict=True)]
        finished = []
        for work, own, healthy in zip(passing, chosen, sound, strict=True):
            if not healthy:
                work.row.problem = NOT_A_NUMBER.format("fine")
            if self._filled(work, own) or not healthy:
                self._works.remove(work)
                finished.append(work.row)
        return finished

    def progress(self, row: BarkRequest) -> float:
        """How many of a row's passes are made."""
        work = next(work for work in self._works if work.row is row)
        coarse = self._recipe.coarse.n_coarse_codebooks
        passes = self._recipe.fine.n_fine_codebooks - coarse
        made = work.window * passes + work.codebook - coarse
        return float(made / (passes * len(work.windows)))

    def forget(self, row: BarkRequest) -> None:
        """Let a row go."""
        self._works = [work for work in self._works if work.row is not row]

    def begin_again(self) -> None:
        """Nothing is kept on the device from one pass to the next."""

    def _windows(self, history: int, frames: int, positions: int) -> Sequence[FineWindow]:
        """Each begins half a window behind the one before, and the last ends with the codes."""
        length, hop = (
            self._recipe.fine.max_fine_input_length,
            self._recipe.fine.max_fine_history_length,
        )
        beyond = frames - (length - history)
        count = max(0, -(-beyond // hop)) + 1
        starts = [min(index * hop, positions - length) for index in range(count)]
        fills = [min(history + index * hop, positions - hop) for index in range(count)]
        return [FineWindow(start, fill - start) for start, fill in zip(starts, fills, strict=True)]

    def _passing(self, module: BarkModel, width: int) -> Sequence[_FineProgress]:
        """Those that are furthest behind: the others can wait for them, and go on with them."""
        config, positions = module.fine_acoustics.config, self._recipe.fine.max_fine_input_length
        weights = pass_weights(config.num_layers, config.hidden_size)
        most = rows_at_once(weights, positions, module.device, width)
        codebook = min(work.codebook for work in self._works)
        return [work for work in self._works if work.codebook == codebook][:most]

    def _shown(self, work: _FineProgress) -> torch.Tensor:
        start = work.windows[work.window].start
        return work.codes[start : start + self._recipe.fine.max_fine_input_length]

    def _chosen(self, work: _FineProgress, logits: torch.Tensor) -> torch.Tensor:
        """The codes (positions from `fill` on,) from a row's logits (positions, codebook size)."""
        fill, temperature = work.windows[work.window].fill, work.row.sampling.fine_temperature
        if temperature in (0.0, 1.0):
            return logits[fill:].argmax(-1).cpu()
        draws = work.row.draws(len(logits), "fine", work.window, work.codebook)
        scores = logits[fill:].float() / temperature
        return drawn(scores, draws[fill:].to(logits.device)).cpu()

    def _filled(self, work: _FineProgress, chosen: torch.Tensor) -> bool:
        """Write a pass down; whether it was the row's last."""
        window = work.windows[work.window]
        begin = window.start + window.fill
        work.codes[begin : begin + len(chosen), work.codebook] = chosen
        work.codebook += 1
        if work.codebook < work.codes.shape[1]:
            return False
        work.codebook = self._recipe.coarse.n_coarse_codebooks
        work.window += 1
        if work.window < len(work.windows):
            return False
        work.row.fine = work.codes[work.history : work.history + work.frames].T
        return True


def passed(model: BarkFineModel, codes: torch.Tensor, codebook: int) -> torch.Tensor:
    """A codebook's logits (rows, positions, vocabulary), from it and those before it.

    `codes` (rows, positions, codebooks), padding where they are still to be filled.
    """
    embedded = [model.input_embeds_layers[k](codes[..., k]) for k in range(codebook + 1)]
    places = torch.arange(codes.shape[1], device=codes.device)
    hidden = torch.stack(embedded).sum(0) + model.position_embeds_layer(places)
    for block in blocks(model.layers):
        hidden = through(block, hidden, scaled_dot_product_attention)
    head = model.lm_heads[codebook - model.config.n_codes_given]
    logits: torch.Tensor = head(model.layernorm_final(hidden))
    return logits

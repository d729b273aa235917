"""The second stage: from semantic tokens to the codec's first two codebooks, in turn.

A window of semantic tokens slides along, with the coarse tokens said so far behind it; every
sixty tokens the window moves on, and since positions are absolute all of it is read again.
"""

from collections.abc import Iterable, Sequence

import numpy as np
import torch
from transformers import BarkModel
from transformers.models.bark.modeling_bark import BarkCausalModel

from narrated.engines.bark.causal_stage import CausalStage
from narrated.engines.bark.generation_config import GenerationConfig
from narrated.engines.bark.request import BarkRequest
from narrated.engines.bark.voice_prompt import Codes
from narrated.engines.neural.batch import TokenSequence
from narrated.engines.neural.decoder import rounded


class CoarseStage(CausalStage):
    """A run is one window; a row comes back until it has as many tokens as its seconds need."""

    name = "coarse"
    share = 0.5

    def __init__(self, recipe: GenerationConfig) -> None:
        super().__init__()
        self._recipe = recipe
        self._config = recipe.coarse
        self.longest_prompt = self._config.max_coarse_input_length + 1
        self.longest_prompt += self._config.max_coarse_history

    def progress(self, row: BarkRequest) -> float:
        """Windows that are done, and what there is of this one."""
        under_way = next((len(run.tokens) for run in self._runs if run.row is row), 0)
        return (len(row.coarse) + under_way) / self._total(row)

    def _total(self, row: BarkRequest) -> int:
        return self._recipe.frames(len(row.semantic)) * int(self._config.n_coarse_codebooks)

    def _transformer(self, module: BarkModel) -> BarkCausalModel:
        return module.coarse_acoustics

    def _length(self, transformer: BarkCausalModel) -> int:
        return int(self.longest_prompt + self._config.sliding_window_len - 1)

    def _allowed(self, vocabulary: int) -> Iterable[torch.Tensor]:
        """The second codebook's range is open above, as in transformers."""
        tokens = torch.arange(vocabulary)
        first = self._recipe.semantic.semantic_vocab_size
        second = first + self._recipe.codebook_size
        yield (tokens >= first) & (tokens < second)
        yield tokens >= second

    def _begun(self, row: BarkRequest) -> TokenSequence[BarkRequest]:
        total, begin = self._total(row), len(row.coarse)
        draws = row.draws(total, "coarse")[begin : begin + self._config.sliding_window_len]
        return TokenSequence(row, len(self._prompt(row)), row.sampling.coarse, draws)

    def _prompts(self, transformer: BarkCausalModel, rows: Sequence[BarkRequest]) -> torch.Tensor:
        prompts = [torch.from_numpy(self._prompt(row)) for row in rows]
        longest = min(rounded(max(map(len, prompts))), transformer.config.block_size)
        padded = torch.full((len(rows), longest), self._config.coarse_semantic_pad_token)
        for row, prompt in zip(padded, prompts, strict=True):
            row[: len(prompt)] = prompt
        embed = transformer.input_embeds_layer
        embedded: torch.Tensor = embed(padded.to(embed.weight.device))
        return embedded

    def _prompt(self, row: BarkRequest) -> Codes:
        """What the window shows: semantic tokens, padded; the sign to go on; coarse tokens."""
        ratio, length = self._recipe.coarse_per_semantic, self._config.max_coarse_input_length
        semantic_history, coarse_history = self._histories(row)
        now = len(semantic_history) + round(len(row.coarse) / ratio)
        begin = max(0, now - int(self._config.max_coarse_history // ratio))
        semantic = np.concatenate([semantic_history, np.array(row.semantic, dtype=np.int64)])
        shown = semantic[begin : begin + length]
        pad = np.full(length - len(shown), self._config.coarse_semantic_pad_token)
        coarse = np.concatenate([coarse_history, np.array(row.coarse, dtype=np.int64)])
        go_on = np.array([self._config.coarse_infer_token])
        return np.concatenate([shown, pad, go_on, coarse[-self._config.max_coarse_history :]])

    def _histories(self, row: BarkRequest) -> tuple[Codes, Codes]:
        """The voice's semantic and coarse tokens, cut to the same seconds at the end."""
        if row.prompt is None:
            return np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.int64)
        ratio, semantic = self._recipe.coarse_per_semantic, row.prompt.semantic
        offsets = np.arange(len(row.prompt.coarse))[:, None] * self._recipe.codebook_size
        coarse = (row.prompt.coarse + offsets).T.reshape(-1)
        coarse = coarse + self._recipe.semantic.semantic_vocab_size
        kept = min(
            int(self._config.max_coarse_history // ratio),
            len(semantic) - len(semantic) % 2,
            int(len(coarse) // ratio),
        )
        # Suno cuts the last two off, "for time alignment (sounds better)".
        return semantic[-kept:], coarse[-round(kept * ratio) :][:-2]

    def _ended(self, run: TokenSequence[BarkRequest]) -> bool:
        run.row.coarse = [*run.row.coarse, *run.tokens]
        return len(run.row.coarse) >= self._total(run.row)

"""The second stage: from semantic tokens to the codec's first two codebooks, in turn.

A prompt is a window of semantic tokens, followed by the coarse tokens so far. The window moves
every sixty tokens, and then the model reads all of it again, since positions are absolute.
"""

from collections.abc import Iterable, Sequence

import numpy as np
import torch
from torch.nn.functional import pad
from transformers import BarkModel
from transformers.models.bark.modeling_bark import BarkCausalModel

from narrated.engines.bark.causal_stage import CausalStage
from narrated.engines.bark.generation_config import GenerationConfig
from narrated.engines.bark.request import BarkRequest
from narrated.engines.bark.voice_prompt import NO_CODES, Codes
from narrated.engines.neural.decoder import rounded
from narrated.engines.neural.running_batch import TokenSequence
from narrated.engines.neural.transfers import to_device


class CoarseStage(CausalStage):
    """Continues one window at a time, until a request has the tokens of its seconds."""

    name = "coarse"
    share = 0.5

    def __init__(self, generation: GenerationConfig, joint_windows: bool = False) -> None:
        """With `joint_windows`, requests join where the others' windows end, so that one pass reads
        the prompts of all. That saves passes on a GPU; a CPU would only make a newcomer wait.
        """
        super().__init__()
        self._joint_windows = joint_windows
        self._generation = generation
        self._config = generation.coarse
        self.longest_prompt = self._config.max_coarse_input_length + 1
        self.longest_prompt += self._config.max_coarse_history
        self.most_new = self._config.sliding_window_len

    def _model(self, module: BarkModel) -> BarkCausalModel:
        return module.coarse_acoustics

    def _may_join(self) -> bool:
        in_midst = any(len(sequence.tokens) > 1 for sequence in self._sequences)
        return not (self._joint_windows and in_midst)

    def _total(self, request: BarkRequest) -> int:
        return self._generation.frames(len(request.semantic)) * int(self._config.n_coarse_codebooks)

    def _allowed(self, vocabulary: int) -> Iterable[torch.Tensor]:
        """Alternate the codebooks; the second's range has no upper end, as in transformers."""
        tokens = torch.arange(vocabulary)
        first = self._generation.semantic.semantic_vocab_size
        second = first + self._generation.codebook_size
        yield (tokens >= first) & (tokens < second)
        yield tokens >= second

    def _sequence(self, request: BarkRequest) -> TokenSequence[BarkRequest]:
        total, begin = self._total(request), len(request.coarse)
        uniform = request.uniform(total, "coarse")[begin : begin + self.most_new]
        return TokenSequence(request, len(self._prompt(request)), request.sampling.coarse, uniform)

    def _prompts(self, model: BarkCausalModel, requests: Sequence[BarkRequest]) -> torch.Tensor:
        prompts = [torch.from_numpy(self._prompt(request)) for request in requests]
        longest = min(rounded(max(map(len, prompts))), model.config.block_size)
        filler = self._config.coarse_semantic_pad_token
        padded = [pad(each, (0, longest - len(each)), value=filler) for each in prompts]
        embed = model.input_embeds_layer
        embedded: torch.Tensor = embed(to_device(torch.stack(padded), embed.weight.device))
        return embedded

    def _prompt(self, request: BarkRequest) -> Codes:
        """The window: padded semantic tokens, the infer token, and the latest coarse tokens."""
        ratio, length = self._generation.coarse_per_semantic, self._config.max_coarse_input_length
        semantic_history, coarse_history = self._histories(request)
        now = len(semantic_history) + round(len(request.coarse) / ratio)
        begin = max(0, now - int(self._config.max_coarse_history // ratio))
        semantic = np.concatenate([semantic_history, np.array(request.semantic, dtype=np.int64)])
        shown = semantic[begin : begin + length]
        pad = np.full(length - len(shown), self._config.coarse_semantic_pad_token)
        coarse = np.concatenate([coarse_history, np.array(request.coarse, dtype=np.int64)])
        go_on = np.array([self._config.coarse_infer_token])
        return np.concatenate([shown, pad, go_on, coarse[-self._config.max_coarse_history :]])

    def _histories(self, request: BarkRequest) -> tuple[Codes, Codes]:
        """The voice's semantic and coarse tokens, cut to the same seconds at the end."""
        if request.prompt is None:
            return NO_CODES, NO_CODES
        ratio, semantic = self._generation.coarse_per_semantic, request.prompt.semantic
        offsets = np.arange(len(request.prompt.coarse))[:, None] * self._generation.codebook_size
        coarse = (request.prompt.coarse + offsets).T.reshape(-1)
        coarse = coarse + self._generation.semantic.semantic_vocab_size
        kept = min(
            int(self._config.max_coarse_history // ratio),
            len(semantic) - len(semantic) % 2,
            int(len(coarse) // ratio),
        )
        # Suno drops the last two, "for time alignment (sounds better)".
        return semantic[-kept:], coarse[-round(kept * ratio) :][:-2]

    def _ended(self, sequence: TokenSequence[BarkRequest]) -> bool:
        sequence.owner.coarse = [*sequence.owner.coarse, *sequence.tokens]
        return len(sequence.owner.coarse) >= self._total(sequence.owner)

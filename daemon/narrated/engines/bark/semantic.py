"""The first stage: from the text's tokens to semantic tokens, some fifty a second."""

from collections.abc import Iterable, Sequence

import torch
from torch.nn.functional import pad
from transformers import BarkModel
from transformers.models.bark.modeling_bark import BarkCausalModel

from narrated.engines.bark.causal_stage import CausalStage
from narrated.engines.bark.generation_config import GenerationConfig
from narrated.engines.bark.request import BarkRequest
from narrated.engines.bark.voice_prompt import NO_CODES
from narrated.engines.neural.length_limit import limit_tokens
from narrated.engines.neural.running_batch import TokenSequence
from narrated.engines.neural.transfers import to_device

_SLOW_WORD_S = 0.6
"""Of a slow voice, for a piece of BERT's tokenizer: most words have one or two of them."""


class SemanticStage(CausalStage):
    """Continues the sum of the text's and the voice history's embeddings to the end token."""

    name = "semantic"
    share = 0.25

    def __init__(self, generation: GenerationConfig, block_size: int) -> None:
        super().__init__()
        self._config = generation.semantic
        self.end = self._config.semantic_pad_token
        self.longest_prompt = self._config.max_input_semantic_length + 1
        self.most_new = min(self._config.max_new_tokens, block_size - self.longest_prompt + 1)

    def _model(self, module: BarkModel) -> BarkCausalModel:
        return module.semantic

    def _total(self, request: BarkRequest) -> int:
        if not request.sampling.limit_length:
            return self.most_new
        rate_hz = float(self._config.semantic_rate_hz)
        return limit_tokens(len(request.words), _SLOW_WORD_S, rate_hz, self.most_new)

    def _allowed(self, vocabulary: int) -> Iterable[torch.Tensor]:
        tokens = torch.arange(vocabulary)
        yield (tokens < self._config.semantic_vocab_size) | (tokens == self.end)

    def _sequence(self, request: BarkRequest) -> TokenSequence[BarkRequest]:
        uniform = request.uniform(self.most_new, "semantic")[: self._total(request)]
        return TokenSequence(request, self.longest_prompt, request.sampling.semantic, uniform)

    def _prompts(self, model: BarkCausalModel, requests: Sequence[BarkRequest]) -> torch.Tensor:
        embed = model.input_embeds_layer
        device = embed.weight.device
        texts = torch.stack([self._text(request) for request in requests])
        histories = torch.stack([self._history(request) for request in requests])
        texts, histories = to_device(torch.stack([texts, histories]), device)
        infer = torch.full((len(requests), 1), self._config.semantic_infer_token, device=device)
        return torch.cat([embed(texts) + embed(histories), embed(infer)], 1)

    def _text(self, request: BarkRequest) -> torch.Tensor:
        words = torch.tensor(request.words) + self._config.text_encoding_offset
        return self._padded(words, self._config.text_pad_token)

    def _history(self, request: BarkRequest) -> torch.Tensor:
        said = NO_CODES if request.prompt is None else request.prompt.semantic
        tokens = torch.from_numpy(said[-self.longest_prompt + 1 :])
        return self._padded(tokens, self._config.semantic_pad_token)

    def _padded(self, tokens: torch.Tensor, filler: int) -> torch.Tensor:
        return pad(tokens, (0, self.longest_prompt - 1 - len(tokens)), value=filler)

    def _ended(self, sequence: TokenSequence[BarkRequest]) -> bool:
        sequence.owner.semantic = sequence.tokens
        sequence.owner.ended = sequence.ended
        sequence.owner.tokens = len(sequence.tokens), sequence.limit
        sequence.owner.is_silent = not sequence.tokens
        return True

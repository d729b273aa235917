"""The first stage: from the text's tokens to semantic tokens, some fifty a second."""

from collections.abc import Iterable, Sequence

import torch
from transformers import BarkModel
from transformers.models.bark.modeling_bark import BarkCausalModel

from narrated.engines.bark.causal_stage import CausalStage
from narrated.engines.bark.generation_config import GenerationConfig
from narrated.engines.bark.request import BarkRequest
from narrated.engines.neural.running_batch import TokenSequence


class SemanticStage(CausalStage):
    """Continues the sum of the text's and the voice history's embeddings to the end token."""

    name = "semantic"
    share = 0.25

    def __init__(self, generation: GenerationConfig, block_size: int) -> None:
        super().__init__()
        self._config = generation.semantic
        self.end = generation.semantic.semantic_pad_token
        self.longest_prompt = generation.semantic.max_input_semantic_length + 1
        # The model never reads the last token, so it needs no position.
        room = block_size - self.longest_prompt + 1
        self._limit = min(generation.semantic.max_new_tokens, room)

    def _transformer(self, module: BarkModel) -> BarkCausalModel:
        return module.semantic

    def _length(self, transformer: BarkCausalModel) -> int:
        return int(self.longest_prompt + self._limit - 1)

    def _allowed(self, vocabulary: int) -> Iterable[torch.Tensor]:
        tokens = torch.arange(vocabulary)
        yield (tokens < self._config.semantic_vocab_size) | (tokens == self.end)

    def _sequence(self, request: BarkRequest) -> TokenSequence[BarkRequest]:
        uniform = request.uniform(self._limit, "semantic")
        return TokenSequence(request, self.longest_prompt, request.sampling.semantic, uniform)

    def _prompts(
        self, transformer: BarkCausalModel, requests: Sequence[BarkRequest]
    ) -> torch.Tensor:
        embed = transformer.input_embeds_layer
        device = embed.weight.device
        texts = torch.stack([self._text(request) for request in requests]).to(device)
        histories = torch.stack([self._history(request) for request in requests]).to(device)
        infer = torch.full((len(requests), 1), self._config.semantic_infer_token, device=device)
        return torch.cat([embed(texts) + embed(histories), embed(infer)], 1)

    def _text(self, request: BarkRequest) -> torch.Tensor:
        length = self._config.max_input_semantic_length
        text = torch.full((length,), self._config.text_pad_token)
        text[: len(request.words)] = torch.tensor(request.words) + self._config.text_encoding_offset
        return text

    def _history(self, request: BarkRequest) -> torch.Tensor:
        length = self._config.max_input_semantic_length
        history = torch.full((length,), self._config.semantic_pad_token)
        if request.prompt is not None:
            tokens = torch.from_numpy(request.prompt.semantic[-length:])
            history[: len(tokens)] = tokens
        return history

    def _ended(self, sequence: TokenSequence[BarkRequest]) -> bool:
        sequence.owner.semantic = sequence.tokens
        sequence.owner.is_silent = not sequence.tokens
        return True

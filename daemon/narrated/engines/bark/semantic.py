"""The first stage: from the text's tokens to semantic tokens, some fifty a second."""

from collections.abc import Iterable, Sequence

import torch
from transformers import BarkModel
from transformers.models.bark.modeling_bark import BarkCausalModel

from narrated.engines.bark.causal_stage import CausalStage
from narrated.engines.bark.generation_config import GenerationConfig
from narrated.engines.bark.request import BarkRequest
from narrated.engines.neural.batch import TokenSequence


class SemanticStage(CausalStage):
    """The text and the voice's semantic history, laid over each other, are continued to the end."""

    name = "semantic"
    share = 0.25

    def __init__(self, recipe: GenerationConfig, block_size: int) -> None:
        super().__init__()
        self._config = recipe.semantic
        self.end = recipe.semantic.semantic_pad_token
        self.longest_prompt = recipe.semantic.max_input_semantic_length + 1
        # The last token is said and not read, so it needs no position.
        room = block_size - self.longest_prompt + 1
        self._limit = min(recipe.semantic.max_new_tokens, room)

    def _transformer(self, module: BarkModel) -> BarkCausalModel:
        return module.semantic

    def _length(self, transformer: BarkCausalModel) -> int:
        return int(self.longest_prompt + self._limit - 1)

    def _allowed(self, vocabulary: int) -> Iterable[torch.Tensor]:
        tokens = torch.arange(vocabulary)
        yield (tokens < self._config.semantic_vocab_size) | (tokens == self.end)

    def _begun(self, row: BarkRequest) -> TokenSequence[BarkRequest]:
        draws = row.draws(self._limit, "semantic")
        return TokenSequence(row, self.longest_prompt, row.sampling.semantic, draws)

    def _prompts(self, transformer: BarkCausalModel, rows: Sequence[BarkRequest]) -> torch.Tensor:
        embed = transformer.input_embeds_layer
        device = embed.weight.device
        texts = torch.stack([self._text(row) for row in rows]).to(device)
        histories = torch.stack([self._history(row) for row in rows]).to(device)
        infer = torch.full((len(rows), 1), self._config.semantic_infer_token, device=device)
        return torch.cat([embed(texts) + embed(histories), embed(infer)], 1)

    def _text(self, row: BarkRequest) -> torch.Tensor:
        length = self._config.max_input_semantic_length
        text = torch.full((length,), self._config.text_pad_token)
        text[: len(row.words)] = torch.tensor(row.words) + self._config.text_encoding_offset
        return text

    def _history(self, row: BarkRequest) -> torch.Tensor:
        length = self._config.max_input_semantic_length
        history = torch.full((length,), self._config.semantic_pad_token)
        if row.prompt is not None:
            tokens = torch.from_numpy(row.prompt.semantic[-length:])
            history[: len(tokens)] = tokens
        return history

    def _ended(self, run: TokenSequence[BarkRequest]) -> bool:
        run.row.semantic = run.tokens
        run.row.is_silent = not run.tokens
        return True

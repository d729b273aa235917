"""Hears a batch of windows by Whisper, greedily, and in small portions of work."""

import math
from collections.abc import Generator, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
import transformers
from torch.nn.functional import gelu
from transformers import DynamicCache, EncoderDecoderCache, PreTrainedModel

from narrated.engines.hearing.pending_takes import HeardText, TakeWindow
from narrated.engines.hearing.resampling import RATE
from narrated.engines.hearing.token_limits import is_loop, most_tokens

_LOCAL = {"local_files_only": True, "trust_remote_code": False}

# transformers types these only in part.
_AutoTokenizer: Any = transformers.AutoTokenizer
_FeatureExtractor: Any = transformers.WhisperFeatureExtractor


@dataclass(slots=True)
class _Row:
    """The tokens of a window so far."""

    limit: int
    tokens: list[int] = field(default_factory=list)
    log_probability: float = 0.0
    ended: bool = False

    def add(self, token: int, log_probability: float, end: int) -> None:
        """Add a token; the end, the limit or a loop ends the row."""
        if self.ended:
            return
        self.tokens.append(token)
        self.log_probability += log_probability
        self.ended = token == end or len(self.tokens) >= self.limit or is_loop(self.tokens)


class WhisperDecoding:
    """The tokens, features and words of a checkpoint; it holds no weights."""

    def __init__(self, folder: Path, settings: Mapping[str, Any], most_positions: int) -> None:
        """`settings` are those of generation_config.json."""
        self._tokenizer = _AutoTokenizer.from_pretrained(folder, **_LOCAL)
        self._features = _FeatureExtractor.from_pretrained(folder, local_files_only=True)
        self._most_positions = most_positions
        self._end = self._id("<|endoftext|>")
        self._suppressed = _tokens(settings, "suppress_tokens")
        self._suppressed_first = _tokens(settings, "begin_suppress_tokens")

    def hear(
        self, module: PreTrainedModel, batch: Sequence[TakeWindow]
    ) -> Iterator[float | list[HeardText]]:
        """Yield the progress after each portion of work, 0 to 1; at the end the texts."""
        encoded = yield from self._encoded(module, batch)
        rows = [_Row(self._limit(window)) for window in batch]
        for done in self._decoded(module, batch, encoded, rows):
            yield 0.5 + done / 2
        yield [self._heard(row) for row in rows]

    def _encoded(
        self, module: PreTrainedModel, batch: Sequence[TakeWindow]
    ) -> Generator[float, None, torch.Tensor]:
        """Run the encoder layer by layer: the large one takes a minute on a slow CPU."""
        encoder: Any = module.get_encoder()
        features = self._features(
            [window.wave for window in batch], sampling_rate=RATE, return_tensors="pt"
        ).input_features.to(module.device, module.dtype)
        hidden = gelu(encoder.conv2(gelu(encoder.conv1(features)))).permute(0, 2, 1)
        hidden = hidden + encoder.embed_positions.weight
        for number, layer in enumerate(encoder.layers, 1):
            hidden = layer(hidden, None)
            if isinstance(hidden, tuple):  # before transformers 5
                hidden = hidden[0]
            yield number / len(encoder.layers) / 2
        normed: torch.Tensor = encoder.layer_norm(hidden)
        return normed

    def _decoded(
        self,
        module: Any,
        batch: Sequence[TakeWindow],
        encoded: torch.Tensor,
        rows: Sequence[_Row],
    ) -> Iterator[float]:
        """Add a token to each row, until all have ended."""
        cache = EncoderDecoderCache(DynamicCache(), DynamicCache())
        ids = torch.tensor([self._prompt(window) for window in batch], device=module.device)
        most = max(row.limit for row in rows)
        for number in range(most):
            # By position: transformers calls the cache `past_key_values`, then `cache`.
            logits = module(None, None, ids, None, (encoded,), cache).logits[:, -1].float()
            logits[:, self._suppressed] = -math.inf
            if not number:
                logits[:, self._suppressed_first] = -math.inf
            likely = logits.log_softmax(dim=-1)
            best, ids = likely.max(dim=-1, keepdim=True)
            for row, token, log in zip(rows, ids[:, 0].tolist(), best[:, 0].tolist(), strict=True):
                row.add(token, log, self._end)
            if all(row.ended for row in rows):
                return
            yield (number + 1) / most

    def _prompt(self, window: TakeWindow) -> list[int]:
        named = [f"<|{window.language}|>", "<|transcribe|>"] if window.language else []
        return [self._id(token) for token in ("<|startoftranscript|>", *named, "<|notimestamps|>")]

    def _limit(self, window: TakeWindow) -> int:
        room = self._most_positions - len(self._prompt(window))
        return min(room, most_tokens(window.duration_s))

    def _heard(self, row: _Row) -> HeardText:
        text = self._tokenizer.decode(row.tokens, skip_special_tokens=True)
        return HeardText(str(text).strip(), row.log_probability, len(row.tokens))

    def _id(self, token: str) -> int:
        return int(self._tokenizer.convert_tokens_to_ids(token))


def _tokens(settings: Mapping[str, Any], name: str) -> list[int]:
    """A list of tokens; checkpoints that have none name null, or -1."""
    return [int(token) for token in settings.get(name) or () if int(token) >= 0]

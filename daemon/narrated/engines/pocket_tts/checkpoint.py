"""A checkpoint of Pocket TTS and its audio tokenizer. The weights load later."""

import json
import math
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import torch
from torch import nn
from transformers import (
    AutoFeatureExtractor,
    AutoTokenizer,
    PocketTTSAudioTokenizerConfig,
    PocketTTSAudioTokenizerModel,
    PocketTTSConfig,
    PocketTTSForConditionalGeneration,
    PocketTTSProcessor,
)

from narrated.engines.interface import EngineContext
from narrated.engines.neural.checkpoint_lookup import HashedCheckpoint, verify_remedy
from narrated.engines.neural.damaged_files import guard_reading
from narrated.engines.neural.torch_device import TorchDevice
from narrated.engines.neural.torch_model import TorchModel, load_weights, weights_key
from narrated.engines.pocket_tts.options import PocketSampling
from narrated.errors import EngineError

_MOST_TOKENS = 400
"""Of a text; the model learned some fifty, and a longer one costs memory without an end."""
_NUMBERS = {
    "short_text_max_words": 100,
    "frames_after_eos_short_text": 100,
    "frames_after_eos": 100,
    "fade_in_duration": 1.0,
}
"""Numbers of the processor, and the most that is taken from a file."""


class PocketModels(nn.Module):
    """The model that makes latents, and the audio tokenizer that makes sound of them."""

    def __init__(
        self, speech: PocketTTSForConditionalGeneration, codec: PocketTTSAudioTokenizerModel
    ) -> None:
        super().__init__()
        self.speech, self.codec = speech, codec


@dataclass(frozen=True, slots=True)
class PocketCheckpoint:
    """A model with its processor and settings, wherever its weights are."""

    model: TorchModel[PocketModels]
    processor: Any
    config: PocketTTSConfig
    codec_config: PocketTTSAudioTokenizerConfig
    sampling: PocketSampling
    digest: str
    dtype: str

    @classmethod
    def opened(
        cls, files: HashedCheckpoint, codec: HashedCheckpoint, dtype: str, context: EngineContext
    ) -> "PocketCheckpoint":
        """Read all but the weights. Raises EngineUnavailable if a file is missing or broken."""
        device = TorchDevice.chosen(context.device)
        precision = device.precision(dtype)
        with guard_reading(f"The model {files.name}", verify_remedy(files.name)):
            config = PocketTTSConfig.from_pretrained(files.folder, local_files_only=True)
            processor = _processor(files.folder)
        with guard_reading(f"The model {codec.name}", verify_remedy(codec.name)):
            codec_config = PocketTTSAudioTokenizerConfig.from_pretrained(
                codec.folder, local_files_only=True
            )
        digest = f"{files.digest} {codec.digest}"
        key = weights_key(digest, precision, device)
        model = TorchModel(files.name, key, device, partial(_read, files, codec, precision))
        sampling = PocketSampling.of(files.folder)
        held = context.hold(model)
        return cls(held, processor, config, codec_config, sampling, digest, str(precision))

    @property
    def clones(self) -> bool:
        """True if the audio tokenizer can encode clips."""
        return self.codec_config.encoder_config is not None

    def plain(self, text: str) -> str:
        """A text without lone surrogates, and without signs that mean something to the model."""
        whole = text.encode("utf-8", "replace").decode("utf-8")
        for sign in self.processor.tokenizer.all_special_tokens:
            whole = whole.replace(sign, " ")
        return whole.strip()

    def tokens(self, text: str) -> list[int]:
        """Tokenize a text. Raises EngineError if it has more tokens than the model reads."""
        ids: list[int] = self.processor.tokenizer(text, add_special_tokens=False)["input_ids"]
        if len(ids) > _MOST_TOKENS:
            raise EngineError(
                f"The text is too long for Pocket TTS: {len(ids)} tokens, where it reads "
                f"{_MOST_TOKENS}.",
                "Cut it into shorter chunks.",
            )
        return ids

    def most_frames(self, tokens: int) -> int:
        """Most frames of a speech: those of upstream's own runtime."""
        return math.ceil((tokens / 3 + 2) * self.config.frame_rate)


def codec_name(folder: Path) -> str:
    """The repository of a checkpoint's audio tokenizer; empty if its settings name none."""
    told = _settings(folder).get("audio_tokenizer")
    name = told.get("audio_tokenizer_name_or_path") if isinstance(told, dict) else ""
    # The settings are untrusted: a path could lead anywhere.
    return name if isinstance(name, str) and not Path(name).is_absolute() else ""


def _settings(folder: Path) -> dict[str, Any]:
    try:
        told = json.loads((folder / "processor_config.json").read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return {}
    return told if isinstance(told, dict) else {}


def _is_sound(value: object, most: float) -> bool:
    return isinstance(value, (int, float)) and 0 <= value <= most


def _processor(folder: Path) -> Any:
    """The processor without an audio tokenizer, which its own loader would fetch."""
    told = _settings(folder)
    features: Any = AutoFeatureExtractor
    template = (folder / "chat_template.jinja").read_text(encoding="utf-8")
    return PocketTTSProcessor(
        features.from_pretrained(folder, local_files_only=True),
        AutoTokenizer.from_pretrained(folder, local_files_only=True),
        chat_template=template,
        **{name: told[name] for name, most in _NUMBERS.items() if _is_sound(told.get(name), most)},
    )


def _read(files: HashedCheckpoint, codec: HashedCheckpoint, precision: torch.dtype) -> PocketModels:
    """Load the model in this precision; the audio tokenizer always in single precision."""
    return PocketModels(
        load_weights(files, PocketTTSForConditionalGeneration, precision),
        load_weights(codec, PocketTTSAudioTokenizerModel, torch.float32),
    )

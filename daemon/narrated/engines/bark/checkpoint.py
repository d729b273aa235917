"""A checkpoint of Bark: its tokenizer and settings. The weights load later."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, cast

import torch
from transformers import AutoTokenizer, BarkConfig, BarkModel
from transformers.models.bark.configuration_bark import BarkSemanticConfig

from narrated.engines.bark.generation_config import GenerationConfig
from narrated.engines.model_interface import EngineContext
from narrated.engines.neural.checkpoint_files import CheckpointFiles, guard_reading, verify_remedy
from narrated.engines.neural.torch_device import TorchDevice
from narrated.engines.neural.torch_model import TorchModel, require_all_weights, weights_key
from narrated.errors import EngineError


@dataclass(frozen=True, slots=True)
class BarkCheckpoint:
    """A model with its tokenizer and settings, wherever its weights are."""

    model: TorchModel[BarkModel]
    generation: GenerationConfig
    block_size: int
    """Positions that the semantic model knows."""
    digest: str
    dtype: str
    tokenizer: Any

    @classmethod
    def opened(cls, files: CheckpointFiles, dtype: str, context: EngineContext) -> "BarkCheckpoint":
        """Read all but the weights. Raises EngineUnavailable if a file is missing or broken."""
        device = TorchDevice.chosen(context.device)
        precision = device.precision(dtype)
        generation = GenerationConfig.of(files.folder)
        config, tokenizer = _described(files)
        model = TorchModel(
            name=files.name,
            key=weights_key(files.digest, precision, device),
            device=device,
            read=lambda: _read(files, precision),
        )
        return cls(
            model=context.hold(model),
            generation=generation,
            block_size=config.block_size,
            digest=files.digest,
            dtype=str(precision),
            tokenizer=tokenizer,
        )

    def words(self, text: str) -> Sequence[int]:
        """Tokenize a text. Raises EngineError if it has more tokens than the model reads."""
        whole = text.encode("utf-8", "replace").decode("utf-8")  # without lone surrogates
        ids = self.tokenizer(whole, add_special_tokens=False)["input_ids"]
        most = self.generation.semantic.max_input_semantic_length
        if len(ids) > most:
            raise EngineError(
                f"The text is too long for Bark: {len(ids)} tokens, where it reads {most}.",
                "Cut it into shorter chunks.",
            )
        return tuple(ids)


def _described(files: CheckpointFiles) -> tuple[BarkSemanticConfig, Any]:
    with guard_reading(f"The model {files.name}", verify_remedy(files.name)):
        described = BarkConfig.from_pretrained(files.folder, local_files_only=True)
        config = cast("BarkSemanticConfig", described.semantic_config)
        return config, AutoTokenizer.from_pretrained(files.folder, local_files_only=True)


def _read(files: CheckpointFiles, precision: torch.dtype) -> BarkModel:
    """Load the model in this precision; the small codec always in single precision."""
    loaded: Any = BarkModel.from_pretrained(
        files.folder, local_files_only=True, dtype=precision, output_loading_info=True
    )
    model: BarkModel = require_all_weights(files.name, *loaded)
    model.codec_model.float()
    return model

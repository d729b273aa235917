"""A checkpoint of Bark: its tokenizer and settings at hand, its weights read when they are due."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, cast

import torch
from transformers import AutoTokenizer, BarkConfig, BarkModel
from transformers.models.bark.configuration_bark import BarkSemanticConfig

from narrated.engines.bark.generation_config import GenerationConfig
from narrated.engines.model_interface import EngineContext
from narrated.engines.neural.checkpoint_files import CheckpointFiles, readable, verify
from narrated.engines.neural.torch_device import TorchDevice
from narrated.engines.neural.torch_model import TorchModel, key, whole
from narrated.errors import EngineError


@dataclass(frozen=True, slots=True)
class BarkCheckpoint:
    """What there is to know of a model while its weights are wherever they are."""

    model: TorchModel[BarkModel]
    recipe: GenerationConfig
    block_size: int
    """How many positions the semantic model knows."""
    digest: str
    dtype: str
    tokenizer: Any

    @classmethod
    def opened(cls, files: CheckpointFiles, dtype: str, shelf: EngineContext) -> "BarkCheckpoint":
        """Read all but the weights; EngineUnavailable where a file is missing or broken."""
        device = TorchDevice.chosen(shelf.device)
        precision = device.precision(dtype)
        recipe = GenerationConfig.of(files.folder)
        config, tokenizer = _described(files)
        model = TorchModel(
            name=files.name,
            key=key(files.digest, precision, device),
            device=device,
            read=lambda: _read(files, precision),
        )
        return cls(
            model=shelf.hold(model),
            recipe=recipe,
            block_size=config.block_size,
            digest=files.digest,
            dtype=str(precision),
            tokenizer=tokenizer,
        )

    def words(self, text: str) -> Sequence[int]:
        """The tokenizer's ids of a text; EngineError where they are more than the model reads."""
        whole = text.encode("utf-8", "replace").decode("utf-8")  # lone surrogates are no text
        ids = self.tokenizer(whole, add_special_tokens=False)["input_ids"]
        most = self.recipe.semantic.max_input_semantic_length
        if len(ids) > most:
            raise EngineError(
                f"The text is too long for Bark: {len(ids)} tokens, where it reads {most}.",
                "Have it cut into shorter pieces.",
            )
        return tuple(ids)


def _described(files: CheckpointFiles) -> tuple[BarkSemanticConfig, Any]:
    with readable(f"The model {files.name}", verify(files.name)):
        described = BarkConfig.from_pretrained(files.folder, local_files_only=True)
        config = cast("BarkSemanticConfig", described.semantic_config)
        return config, AutoTokenizer.from_pretrained(files.folder, local_files_only=True)


def _read(files: CheckpointFiles, precision: torch.dtype) -> BarkModel:
    """In the precision that is wished; the codec, small beside the rest, always in single."""
    loaded: Any = BarkModel.from_pretrained(
        files.folder, local_files_only=True, dtype=precision, output_loading_info=True
    )
    model: BarkModel = whole(files.name, *loaded)
    model.codec_model.float()
    return model

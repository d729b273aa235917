"""A checkpoint of Bark: its tokenizer and settings at hand, its weights read when they are due."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, cast

import torch
from transformers import AutoTokenizer, BarkConfig, BarkModel
from transformers.models.bark.configuration_bark import BarkSemanticConfig

from narrated.engines.bark.recipe import Recipe
from narrated.engines.base import Shelf
from narrated.engines.neural.device import Device
from narrated.engines.neural.files import ModelFiles, readable, verify
from narrated.engines.neural.model import Model, key, whole
from narrated.errors import EngineError


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """What there is to know of a model while its weights are wherever they are."""

    model: Model[BarkModel]
    recipe: Recipe
    block_size: int
    """How many positions the semantic model knows."""
    digest: str
    dtype: str
    tokenizer: Any

    @classmethod
    def opened(cls, files: ModelFiles, dtype: str, shelf: Shelf) -> "Checkpoint":
        """Read all but the weights; EngineUnavailable where a file is missing or broken."""
        device = Device.chosen(shelf.device)
        precision = device.precision(dtype)
        recipe = Recipe.of(files.folder)
        config, tokenizer = _described(files)
        model = Model(
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


def _described(files: ModelFiles) -> tuple[BarkSemanticConfig, Any]:
    with readable(f"The model {files.name}", verify(files.name)):
        described = BarkConfig.from_pretrained(files.folder, local_files_only=True)
        config = cast("BarkSemanticConfig", described.semantic_config)
        return config, AutoTokenizer.from_pretrained(files.folder, local_files_only=True)


def _read(files: ModelFiles, precision: torch.dtype) -> BarkModel:
    """In the precision that is wished; the codec, small beside the rest, always in single."""
    loaded: Any = BarkModel.from_pretrained(
        files.folder, local_files_only=True, dtype=precision, output_loading_info=True
    )
    model: BarkModel = whole(files.name, *loaded)
    model.codec_model.float()
    return model

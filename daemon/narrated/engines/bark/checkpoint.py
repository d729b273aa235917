"""A checkpoint of Bark: its tokenizer, settings and stages. The weights load later."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, cast

import torch
from torch import nn
from transformers import AutoTokenizer, BarkConfig, BarkModel
from transformers.models.bark.configuration_bark import BarkSemanticConfig
from transformers.models.encodec.modeling_encodec import EncodecConv1d

from narrated.engines.bark.coarse import CoarseStage
from narrated.engines.bark.codec import CodecStage
from narrated.engines.bark.fine import FineStage
from narrated.engines.bark.generation_config import GenerationConfig
from narrated.engines.bark.request import BarkRequest
from narrated.engines.bark.semantic import SemanticStage
from narrated.engines.interface import EngineContext
from narrated.engines.neural.checkpoint_lookup import HashedCheckpoint, verify_remedy
from narrated.engines.neural.damaged_files import guard_reading
from narrated.engines.neural.stage_pipeline import Stage
from narrated.engines.neural.torch_device import TorchDevice
from narrated.engines.neural.torch_model import TorchModel, load_weights, weights_key
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
    def opened(
        cls, files: HashedCheckpoint, dtype: str, context: EngineContext
    ) -> "BarkCheckpoint":
        """Read all but the weights. Raises EngineUnavailable if a file is missing or broken."""
        device = TorchDevice.chosen(context.device)
        precision = device.precision(dtype)
        generation = GenerationConfig.of(files.folder)
        with guard_reading(f"The model {files.name}", verify_remedy(files.name)):
            described = BarkConfig.from_pretrained(files.folder, local_files_only=True)
            config = cast("BarkSemanticConfig", described.semantic_config)
            tokenizer = AutoTokenizer.from_pretrained(files.folder, local_files_only=True)
        key = weights_key(files.digest, precision, device)
        read = partial(_read, files, precision)
        model = TorchModel(files.name, key, device, read, _causal_parts)
        held, size = context.hold(model), config.block_size
        return cls(held, generation, size, files.digest, str(precision), tokenizer)

    def stages(self) -> Sequence[Stage[BarkModel, BarkRequest]]:
        """Make the four stages, in order."""
        return (
            SemanticStage(self.generation, self.block_size),
            CoarseStage(self.generation, joint_windows=not self.model.device.is_host),
            FineStage(self.generation),
            CodecStage(self.generation),
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


def _causal_parts(model: BarkModel) -> Sequence[nn.Module]:
    return model.semantic, model.coarse_acoustics


def _read(files: HashedCheckpoint, precision: torch.dtype) -> BarkModel:
    """Load the model in this precision; the small codec always in single precision."""
    model: BarkModel = load_weights(files, BarkModel, precision)
    model.codec_model.float()
    _keep_shapes_on_host(model.codec_model)
    return model


def _keep_shapes_on_host(codec: nn.Module) -> None:
    """Make plain tensors of the numbers that EnCodec pads by.

    As buffers they move to a GPU, and each convolution waits to read them.
    """
    for convolution in codec.modules():
        if isinstance(convolution, EncodecConv1d):
            for name, number in [*convolution.named_buffers(recurse=False)]:
                delattr(convolution, name)
                setattr(convolution, name, number)

"""Models of the real sizes with random weights: as modules on any device, or as checkpoints.

The sizes are those of the configurations that come with transformers, which are the published
models'.
"""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from transformers import (
    BarkCoarseConfig,
    BarkConfig,
    BarkFineConfig,
    BarkModel,
    BarkSemanticConfig,
    BertTokenizerFast,
    BlipConfig,
    BlipForConditionalGeneration,
    BlipImageProcessor,
    BlipProcessor,
    CLIPImageProcessor,
    EncodecConfig,
    Florence2Config,
    Florence2ForConditionalGeneration,
    Florence2Processor,
    PreTrainedTokenizerFast,
)

from measuring import tortoises
from narrated.engines.tortoise import required_files
from narrated.engines.tortoise.checkpoint import TortoiseModels, assemble

_END = 10_000
_FLORENCE_VOCABULARY = 51_289
_FLORENCE_IMAGE = 51_288


def bark() -> BarkModel:
    """suno/bark: 24 layers of 1,024."""
    return _bark(layers=24, heads=16, width=1024)


def tiny_bark() -> BarkModel:
    """Two layers of 32, for where a real one would take minutes."""
    return _bark(layers=2, heads=2, width=32)


def _bark(layers: int, heads: int, width: int) -> BarkModel:
    return BarkModel(bark_config(layers, heads, width, EncodecConfig()))


def bark_config(layers: int, heads: int, width: int, codec: EncodecConfig) -> BarkConfig:
    """Bark in any size, with the vocabularies that its stages have in every one."""
    shape = {"num_layers": layers, "num_heads": heads, "hidden_size": width, "bias": False}
    return BarkConfig(
        semantic_config=BarkSemanticConfig(
            input_vocab_size=129_600, output_vocab_size=10_048, **shape
        ),
        coarse_acoustics_config=BarkCoarseConfig(
            input_vocab_size=12_096, output_vocab_size=12_096, **shape
        ),
        fine_acoustics_config=BarkFineConfig(
            input_vocab_size=1056, output_vocab_size=1056, **shape
        ),
        codec_config=codec,
    )


def blip() -> BlipForConditionalGeneration:
    """Salesforce/blip-image-captioning-base."""
    return BlipForConditionalGeneration(BlipConfig(vision_config={"image_size": 384}))


def florence() -> Florence2ForConditionalGeneration:
    """florence-community/Florence-2-large."""
    stages = {"depths": [1, 1, 9, 1], "projection_dim": 1024, "embed_dim": [256, 512, 1024, 2048]}
    heads = {"num_heads": [8, 16, 32, 64], "num_groups": [8, 16, 32, 64]}
    text = {
        "model_type": "bart",
        "vocab_size": _FLORENCE_VOCABULARY,
        "d_model": 1024,
        "encoder_layers": 12,
        "decoder_layers": 12,
        "encoder_attention_heads": 16,
        "decoder_attention_heads": 16,
        "encoder_ffn_dim": 4096,
        "decoder_ffn_dim": 4096,
    }
    return Florence2ForConditionalGeneration(
        Florence2Config(
            image_token_id=_FLORENCE_IMAGE, vision_config={**stages, **heads}, text_config=text
        )
    )


def tortoise(dtype: torch.dtype) -> TortoiseModels:
    """Manmay/tortoise-tts, as its engine holds it."""
    made = tortoises.models(tortoises.PUBLISHED)
    order = (
        required_files.AUTOREGRESSIVE,
        required_files.CLVP,
        required_files.DIFFUSION,
        required_files.VOCODER,
    )
    return assemble(*(made[name] for name in order), dtype)


def saved_tortoise(folder: Path) -> Path:
    """A checkpoint in the hub's layout, in single precision, its positions made to matter."""
    torch.manual_seed(0)
    folder.mkdir(parents=True, exist_ok=True)
    made = tortoises.models(tortoises.PUBLISHED)
    for model in made.values():
        for key, drawn in model.named_parameters():
            if "mel_pos_embedding" in key:
                drawn.data.normal_(0, 0.5)
            elif not drawn.data.any():  # noughts, before anything is learnt
                drawn.data.normal_(0, 0.01)
    tortoises.write(made, folder)
    return folder


def saved(model: Callable[[], Any], folder: Path, dtype: torch.dtype) -> Path:
    """A checkpoint with all that an engine looks for beside the weights."""
    torch.manual_seed(0)
    folder.mkdir(parents=True, exist_ok=True)
    module = model().eval()
    module.to(dtype).save_pretrained(folder)
    _BESIDE[type(module)](folder)
    return folder


def _beside_bark(folder: Path) -> None:
    _words(folder).save_pretrained(folder)
    chosen = {"do_sample": True, "temperature": 0.7}
    settings = {
        "model_type": "bark",
        "semantic_config": {**chosen, "eos_token_id": _END, "min_eos_p": None},
        "coarse_acoustics_config": chosen,
        "fine_acoustics_config": {"temperature": 0.5},
    }
    (folder / "generation_config.json").write_text(json.dumps(settings))


def _beside_blip(folder: Path) -> None:
    size = {"height": 384, "width": 384}
    BlipProcessor(BlipImageProcessor(size=size), _words(folder)).save_pretrained(folder)


def _beside_florence(folder: Path) -> None:
    from tokenizers import Tokenizer, models

    special = ["<s>", "<pad>", "</s>", "<unk>"]
    words = [*special, *(f"w{n}" for n in range(4, _FLORENCE_IMAGE)), "<image>"]
    inner = Tokenizer(models.WordLevel({w: n for n, w in enumerate(words)}, unk_token="<unk>"))
    tokenizer = PreTrainedTokenizerFast(
        tokenizer_object=inner,
        bos_token="<s>",
        pad_token="<pad>",
        eos_token="</s>",
        unk_token="<unk>",
        extra_special_tokens={"image_token": "<image>"},
    )
    size = {"height": 768, "width": 768}
    images = CLIPImageProcessor(
        size=size, crop_size=size, do_center_crop=False, image_seq_length=577
    )
    Florence2Processor(image_processor=images, tokenizer=tokenizer).save_pretrained(folder)


def _words(folder: Path) -> BertTokenizerFast:
    letters = [chr(code) for code in range(33, 127)]
    pieces = [*letters, *("##" + letter for letter in letters)]
    special = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "[DEC]", "[ENC]"]
    vocabulary = folder / "vocab.txt"
    vocabulary.write_text("\n".join([*special, *pieces]) + "\n")
    return BertTokenizerFast(vocab=str(vocabulary), do_lower_case=False)


_BESIDE: dict[type, Callable[[Path], None]] = {
    BarkModel: _beside_bark,
    BlipForConditionalGeneration: _beside_blip,
    Florence2ForConditionalGeneration: _beside_florence,
}

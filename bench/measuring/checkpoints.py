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
    BarkModel,
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
    WhisperConfig,
    WhisperFeatureExtractor,
    WhisperForConditionalGeneration,
)

from engines.checkpoints.bark import bark_config
from engines.checkpoints.captions import bert_tokenizer
from engines.checkpoints.tortoise import PUBLISHED, tortoise_models, write_tortoise
from narrated.engines.tortoise.checkpoint import MODELS, TortoiseModels, assemble

_END = 10_000
_WHISPER_VOCABULARY = 51_865
_FLORENCE_VOCABULARY = 51_289
_FLORENCE_IMAGE = 51_288


def bark() -> BarkModel:
    """suno/bark: 24 layers of 1,024."""
    return BarkModel(bark_config(24, 16, 1024, EncodecConfig()))


def small_bark(layers: int = 12) -> BarkModel:
    """suno/bark-small: 12 layers of 768; or fewer."""
    return BarkModel(bark_config(layers, 12, 768, EncodecConfig()))


def tiny_bark() -> BarkModel:
    """Two layers of 32, for where a real one would take minutes."""
    return BarkModel(bark_config(2, 2, 32, EncodecConfig()))


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


def whisper() -> WhisperForConditionalGeneration:
    """openai/whisper-base."""
    shape = {"d_model": 512, "vocab_size": _WHISPER_VOCABULARY}
    for part in ("encoder", "decoder"):
        shape |= {f"{part}_layers": 6, f"{part}_attention_heads": 8, f"{part}_ffn_dim": 2048}
    return WhisperForConditionalGeneration(WhisperConfig(**shape))


def tortoise(dtype: torch.dtype) -> TortoiseModels:
    """Manmay/tortoise-tts, as its engine holds it."""
    made = tortoise_models(PUBLISHED)
    return assemble(*(made[name] for name in MODELS), precision=dtype)


def save_tortoise(folder: Path) -> Path:
    """Write a checkpoint in the hub's layout, in single precision; its positions matter."""
    torch.manual_seed(0)
    folder.mkdir(parents=True, exist_ok=True)
    made = tortoise_models(PUBLISHED)
    for model in made.values():
        for key, drawn in model.named_parameters():
            if "mel_pos_embedding" in key:
                drawn.data.normal_(0, 0.5)
            elif not drawn.data.any():  # noughts, before anything is learnt
                drawn.data.normal_(0, 0.01)
    write_tortoise(made, folder)
    return folder


def save(model: Callable[[], Any], folder: Path, dtype: torch.dtype) -> Path:
    """Write a checkpoint with all files that an engine looks for beside the weights."""
    torch.manual_seed(0)
    folder.mkdir(parents=True, exist_ok=True)
    module = model().eval()
    module.to(dtype).save_pretrained(folder)
    _BESIDE[type(module)](folder)
    return folder


def _beside_bark(folder: Path) -> None:
    bert_tokenizer(folder).save_pretrained(folder)
    chosen = {"do_sample": True, "temperature": 0.7}
    settings = {
        "model_type": "bark",
        "codebook_size": 1024,
        "semantic_config": {**chosen, "eos_token_id": _END, "min_eos_p": None},
        "coarse_acoustics_config": chosen,
        "fine_acoustics_config": {"temperature": 0.5},
    }
    (folder / "generation_config.json").write_text(json.dumps(settings))


def _beside_blip(folder: Path) -> None:
    size = {"height": 384, "width": 384}
    BlipProcessor(BlipImageProcessor(size=size), bert_tokenizer(folder)).save_pretrained(folder)


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


def _beside_whisper(folder: Path) -> None:
    from tokenizers import Tokenizer, models

    special = [
        *("<|endoftext|>", "<|startoftranscript|>", "<|en|>"),
        *("<|transcribe|>", "<|notimestamps|>"),
    ]
    words = [*(f"w{n}" for n in range(_WHISPER_VOCABULARY - len(special))), *special]
    inner = Tokenizer(models.WordLevel({w: n for n, w in enumerate(words)}, unk_token="w0"))
    PreTrainedTokenizerFast(
        tokenizer_object=inner,
        eos_token="<|endoftext|>",
        pad_token="<|endoftext|>",
        additional_special_tokens=special[1:],
    ).save_pretrained(folder)
    WhisperFeatureExtractor(feature_size=80).save_pretrained(folder)
    settings = {"is_multilingual": True, "lang_to_id": {"<|en|>": words.index("<|en|>")}}
    (folder / "generation_config.json").write_text(json.dumps(settings))


_BESIDE: dict[type, Callable[[Path], None]] = {
    BarkModel: _beside_bark,
    BlipForConditionalGeneration: _beside_blip,
    Florence2ForConditionalGeneration: _beside_florence,
    WhisperForConditionalGeneration: _beside_whisper,
}

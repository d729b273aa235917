"""A tiny checkpoint of Pocket TTS and its audio tokenizer, as transformers saves them."""

import json
from pathlib import Path

import torch
from safetensors.torch import save_file
from tokenizers import Regex, Tokenizer, models, pre_tokenizers
from torch import nn
from transformers import (
    PocketTTSAudioTokenizerConfig,
    PocketTTSAudioTokenizerModel,
    PocketTTSConfig,
    PocketTTSForConditionalGeneration,
    PreTrainedTokenizerFast,
)

LATENT = 4
FRAME = 1920
VOICES = ("alba", "marius")

_CHARACTERS = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.,!?;:'\"- "
_MARKS = ("<voice_bos>", "<voice>", "<audio_bos>", "<audio>")
_TEMPLATE = (
    "{% for message in messages %}{% for each in message.content %}"
    "{% if each.type == 'audio' %}<voice_bos><voice>{% endif %}{% endfor %}"
    "{% for each in message.content %}{% if each.type == 'text' %}{{ each.text | trim }}"
    "{% endif %}{% endfor %}{% endfor %}<audio_bos>"
)


def pocket_tts(
    folder: Path, codec: Path, seed: int = 0, *, boost: float = 25.0, end: float = -1.5
) -> Path:
    """Write both into folders, the latter's path into the former's settings; gives the first.

    `boost` multiplies the weights of attention: drawn at random they are so small that a wrong mask
    goes unseen. A frame ends the speech once its logit is above `end`.
    """
    torch.manual_seed(seed)
    vocabulary = ["<pad>", "<unk>", *_CHARACTERS, *_MARKS]
    ids = {text: number for number, text in enumerate(vocabulary)}
    model = PocketTTSForConditionalGeneration(_config(ids)).eval()
    _spread(model, boost)
    model.latent_mean.normal_()
    model.latent_std.uniform_(0.5, 1.5)
    model.generation_config.update(
        do_sample=True,
        temperature=0.7,
        return_dict_in_generate=True,
        eos_threshold=end,
        min_frames_before_eos=2,
        num_flow_steps=2,
    )
    model.save_pretrained(folder)
    _save_tokenizer(folder, ids)
    _save_processor(folder, codec)
    _save_codec(codec)
    (folder / "voices").mkdir()
    for name in VOICES:
        save_file({"latents": torch.randn(7, LATENT)}, folder / "voices" / f"{name}.safetensors")
    return folder


def _config(ids: dict[str, int]) -> PocketTTSConfig:
    head = {"hidden_size": 16, "num_hidden_layers": 2, "latent_dim": LATENT, "condition_dim": 32}
    return PocketTTSConfig(
        flow_head_config={**head, "frequency_embedding_size": 8},
        vocab_size=len(ids),
        hidden_size=32,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=64,
        latent_dim=LATENT,
        pad_token_id=0,
        audio_prompt_bos_token_id=ids["<voice_bos>"],
        audio_prompt_token_id=ids["<voice>"],
        audio_bos_token_id=ids["<audio_bos>"],
        audio_latent_token_id=ids["<audio>"],
    )


def _spread(model: nn.Module, boost: float) -> None:
    for name, parameter in model.named_parameters():
        if "q_proj" in name or "k_proj" in name:
            parameter.data.mul_(boost)
        elif parameter.dim() == 2 or name.endswith("bos_latent"):
            parameter.data.normal_(0, 0.2)


def _save_tokenizer(folder: Path, ids: dict[str, int]) -> None:
    characters = Tokenizer(models.WordLevel(ids, unk_token="<unk>"))
    characters.pre_tokenizer = pre_tokenizers.Split(Regex("."), "isolated")
    names = ("audio_prompt_bos", "audio_prompt", "audio_bos", "audio_latent")
    PreTrainedTokenizerFast(
        tokenizer_object=characters,
        pad_token="<pad>",
        unk_token="<unk>",
        padding_side="left",
        extra_special_tokens={
            f"{each}_token": mark for each, mark in zip(names, _MARKS, strict=True)
        },
    ).save_pretrained(folder)


def _save_processor(folder: Path, codec: Path) -> None:
    settings = {
        "processor_class": "PocketTTSProcessor",
        "short_text_max_words": 4,
        "frames_after_eos_short_text": 4,
        "frames_after_eos": 2,
        "fade_in_duration": 0.005,
        "feature_extractor": {
            "feature_extractor_type": "PocketTTSFeatureExtractor",
            "frame_size": FRAME,
            "pad_to_multiple_of": FRAME,
            "sampling_rate": 24_000,
        },
        "audio_tokenizer": {
            "audio_tokenizer_class": "PocketTTSAudioTokenizerModel",
            "audio_tokenizer_name_or_path": "/".join(codec.parts[-2:]),
        },
    }
    (folder / "processor_config.json").write_text(json.dumps(settings))
    (folder / "chat_template.jinja").write_text(_TEMPLATE)


def _save_codec(codec: Path) -> None:
    config = PocketTTSAudioTokenizerConfig(
        hidden_size=16,
        num_filters=4,
        upsample_groups=16,
        num_hidden_layers=1,
        intermediate_size=32,
        num_attention_heads=2,
        num_key_value_heads=2,
        latent_dim=LATENT,
        sliding_window=8,
        layer_scale_initial_scale=1.0,
    )
    model = PocketTTSAudioTokenizerModel(config).eval()
    for name, parameter in model.named_parameters():
        if "q_proj" in name or "k_proj" in name:
            parameter.data.mul_(20)
        if name.startswith("decoder.decoder_seanet.layers.11"):
            parameter.data.mul_(0.02)  # it would be cut off at full scale
    model.save_pretrained(codec)

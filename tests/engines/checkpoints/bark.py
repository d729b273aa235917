"""A tiny checkpoint of Bark in the hub's layout, its weights drawn at random."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import torch
from transformers import (
    BarkCoarseConfig,
    BarkConfig,
    BarkFineConfig,
    BarkModel,
    BarkSemanticConfig,
    BertTokenizerFast,
    EncodecConfig,
)

PRESETS = ("v2/en_speaker_6", "v2/en_speaker_9")

_WIDTH, _LAYERS, _HEADS = 32, 2, 2
_END = 10_000
_CHARACTERS = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.,!?;:'\"-()[]♪—…"
_WORDS = ("the", "of", "and", "Hello", "world", "dog", "cat", "laughs", "is", "my", "cute")


def bark(
    folder: Path,
    seed: int = 0,
    boost: float = 25,
    *,
    ends: float = 1.7,
    max_new_tokens: int = 48,
    temperature: float = 0.7,
    fine_temperature: float = 0.5,
    min_eos_p: float | None = 0.2,
    do_sample: bool = True,
    coarse_window: int = 60,
    fine_window: int = 256,
) -> Path:
    """Write it into `folder`.

    `boost` multiplies the weights of attention: drawn at random they are so small that a wrong
    mask goes unseen. `ends` does that for the end's logit: the larger, the sooner texts end,
    each at a length of its own, and at `max_new_tokens` (fifty a second) at the latest.
    After `coarse_window` tokens the coarse window moves; a fine pass sees `fine_window` positions,
    and 1024 as published: it costs most.
    """
    folder.mkdir(parents=True, exist_ok=True)
    _weights(seed, boost, ends).save_pretrained(folder)
    _tokenizer(folder)
    write_voices(folder, seed)
    semantic = {"min_eos_p": min_eos_p, "max_new_tokens": max_new_tokens, "eos_token_id": _END}
    chosen = {"do_sample": do_sample, "temperature": temperature, "top_k": 50}
    settings = {
        "model_type": "bark",
        "sample_rate": 24_000,
        "codebook_size": 1024,
        "semantic_config": {**semantic, **chosen, "pad_token_id": _END},
        "coarse_acoustics_config": {**chosen, "sliding_window_len": coarse_window},
        "fine_acoustics_config": {
            "temperature": fine_temperature,
            "max_fine_input_length": fine_window,
            "max_fine_history_length": fine_window // 2,
        },
    }  # by hand: transformers 5 cannot save a configuration of Bark's
    (folder / "generation_config.json").write_text(json.dumps(settings))
    return folder


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


def prompt_arrays(seed: int, seconds: float = 5.0) -> dict[str, Any]:
    """A voice's three arrays, as the hub and voice-cloning forks write them."""
    drawn = np.random.default_rng(seed)
    tokens, frames = int(49.9 * seconds), int(75 * seconds)
    return {
        "semantic_prompt": drawn.integers(0, 10_000, tokens),
        "coarse_prompt": drawn.integers(0, 1024, (2, frames)),
        "fine_prompt": drawn.integers(0, 1024, (8, frames)),
    }


@torch.no_grad()
def _weights(seed: int, boost: float, ends: float) -> BarkModel:
    torch.manual_seed(seed)
    codec = EncodecConfig(num_filters=4, hidden_size=16, codebook_dim=16, num_lstm_layers=1)
    config = bark_config(_LAYERS, _HEADS, _WIDTH, codec)
    model = BarkModel(config).eval()
    for name, weights in model.named_parameters():
        if "att_proj" in name or "attn.out_proj" in name:
            weights.mul_(boost)
        elif "lm_head." in name:
            weights.mul_(20)  # else all tokens are as good as equally likely
    model.semantic.lm_head.weight[_END].mul_(ends)
    for name, buffer in model.codec_model.named_buffers():
        if name.endswith("codebook.embed"):  # noughts, before anything is learnt
            buffer.copy_(torch.randn_like(buffer) * 0.3)
    return model


def _tokenizer(folder: Path) -> None:
    pieces = [*_WORDS, *_CHARACTERS, *("##" + character for character in _CHARACTERS)]
    vocabulary = folder / "vocab.txt"
    vocabulary.write_text(
        "\n".join(["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *pieces]) + "\n",
        encoding="utf-8",
    )
    BertTokenizerFast(vocab=str(vocabulary), do_lower_case=False).save_pretrained(folder)


def write_voices(folder: Path, seed: int) -> None:
    """Write the presets, of random codes."""
    index: dict[str, Any] = {"repo_or_path": "suno/bark"}
    for number, name in enumerate(PRESETS):
        index[name] = {}
        for key, array in prompt_arrays(seed + number, 4.0 + 2.5 * number).items():
            written = f"speaker_embeddings/{name}_{key}.npy"
            (folder / written).parent.mkdir(parents=True, exist_ok=True)
            np.save(folder / written, array)
            index[name][key] = written
    (folder / "speaker_embeddings_path.json").write_text(json.dumps(index))

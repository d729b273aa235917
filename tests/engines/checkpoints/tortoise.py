"""Tortoise's four models in any size, with random weights, and a tiny checkpoint of them."""

import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from narrated.engines.tortoise import required_files
from narrated.engines.tortoise.upstream_modules import upstream


@dataclass(frozen=True, slots=True)
class TortoiseSizes:
    """The dimensions that differ from size to size; vocabularies and lengths never differ."""

    width: int
    """Of the autoregressive model, and of diffusion, which hears what that one thinks."""
    heads: int
    autoregressive_layers: int
    diffusion_layers: int
    clvp_width: int
    clvp_heads: int
    clvp_layers: int
    vocoder_channels: int


PUBLISHED = TortoiseSizes(
    width=1024,
    heads=16,
    autoregressive_layers=30,
    diffusion_layers=10,
    clvp_width=768,
    clvp_heads=12,
    clvp_layers=20,
    vocoder_channels=32,
)
"""Manmay/tortoise-tts, as upstream's api.py writes it down."""

_TINY = TortoiseSizes(
    width=128,
    heads=2,
    autoregressive_layers=2,
    diffusion_layers=2,
    clvp_width=64,
    clvp_heads=1,
    clvp_layers=2,
    vocoder_channels=8,
)
_STOP = 8193


def tortoise_models(sizes: TortoiseSizes) -> dict[str, Any]:
    """The four models, with weights drawn at random, by the names of their files."""
    known = upstream()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # its code is of 2023
        return {
            required_files.AUTOREGRESSIVE: known.UnifiedVoice(
                max_mel_tokens=604,
                max_text_tokens=402,
                max_conditioning_inputs=2,
                layers=sizes.autoregressive_layers,
                model_dim=sizes.width,
                heads=sizes.heads,
                number_text_tokens=255,
                start_text_token=255,
                checkpointing=False,
                train_solo_embeddings=False,
            ),
            required_files.DIFFUSION: known.DiffusionTts(
                model_channels=sizes.width,
                num_layers=sizes.diffusion_layers,
                in_channels=100,
                out_channels=200,
                in_latent_channels=sizes.width,
                in_tokens=8193,
                dropout=0,
                use_fp16=False,
                num_heads=sizes.heads,
                layer_drop=0,
                unconditioned_percentage=0,
            ),
            required_files.CLVP: known.CLVP(
                dim_text=sizes.clvp_width,
                dim_speech=sizes.clvp_width,
                dim_latent=sizes.clvp_width,
                num_text_tokens=256,
                text_enc_depth=sizes.clvp_layers,
                text_seq_len=350,
                text_heads=sizes.clvp_heads,
                num_speech_tokens=8192,
                speech_enc_depth=sizes.clvp_layers,
                speech_heads=sizes.clvp_heads,
                speech_seq_len=430,
                use_xformers=True,
            ),
            required_files.VOCODER: known.UnivNetGenerator(channel_size=sizes.vocoder_channels),
        }


def write_tortoise(made: Mapping[str, Any], folder: Path) -> None:
    """Write each into its file, the vocoder's weights under the name from its training."""
    for name, model in made.items():
        state = model.state_dict()
        torch.save({"model_g": state} if name == required_files.VOCODER else state, folder / name)


def tortoise(folder: Path, seed: int = 0, boost: float = 8, *, ends: float = 2.6) -> Path:
    """Write it into `folder`.

    `boost` multiplies the weights of attention and of positions: drawn at random they are so small
    that a wrong mask or position goes unseen. `ends` does that for the end's logit: the larger, the
    sooner candidates end, each at a length of its own.
    """
    folder.mkdir(parents=True, exist_ok=True)
    torch.manual_seed(seed)
    made = tortoise_models(_TINY)
    with torch.no_grad():
        for model in made.values():
            for key, weights in model.named_parameters():
                _drawn(key, weights, boost)
        made[required_files.AUTOREGRESSIVE].mel_head.weight[_STOP].mul_(ends)
    write_tortoise(made, folder)
    return folder


def _drawn(key: str, weights: torch.Tensor, boost: float) -> None:
    if "pos_embedding" in key:
        weights.normal_(0, 0.3)
    elif key in ("text_embedding.weight", "mel_embedding.weight"):
        weights.normal_(0, 0.5)  # else positions alone decide
    elif "relative_attention_bias" in key:
        weights.normal_(0, 0.3)
    elif ".attn.c_attn.weight" in key or ".attn.c_proj.weight" in key:
        weights.mul_(boost)
    elif "proj_out.weight" in key:  # noughts, before anything is learnt
        weights.normal_(0, 1.0 / weights.shape[1] ** 0.5)
    elif "qkv.weight" in key or "to_q.weight" in key or "to_k.weight" in key:
        weights.mul_(2)
    elif key == "mel_head.weight":
        weights.mul_(5)  # else all codes are as good as equally likely

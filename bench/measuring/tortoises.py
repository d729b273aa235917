"""Tortoise's four models in any size, as upstream's classes make them, and as their files."""

import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from narrated.engines.tortoise import required_files
from narrated.engines.tortoise.upstream_modules import upstream


@dataclass(frozen=True, slots=True)
class Sizes:
    """What differs from size to size; vocabularies and lengths are the same in every one."""

    width: int
    """Of the autoregressive model, and of diffusion, which hears what that one thinks."""
    heads: int
    autoregressive_layers: int
    diffusion_layers: int
    clvp_width: int
    clvp_heads: int
    clvp_layers: int
    vocoder_channels: int


PUBLISHED = Sizes(
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


def models(sizes: Sizes) -> dict[str, Any]:
    """With weights drawn at random, each by the name of its file."""
    known = upstream()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of 2023's ways
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


def write(made: Mapping[str, Any], folder: Path) -> None:
    """Each into its file, the vocoder's weights under the name that its training gave them."""
    for name, model in made.items():
        state = model.state_dict()
        torch.save({"model_g": state} if name == required_files.VOCODER else state, folder / name)

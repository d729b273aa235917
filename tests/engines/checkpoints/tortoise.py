"""A tiny checkpoint of Tortoise in the hub's layout, its weights drawn at random."""

from pathlib import Path

import torch

from measuring.tortoises import Sizes, models, write
from narrated.engines.tortoise import required_files

_SIZES = Sizes(
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


def tortoise(folder: Path, seed: int = 0, boost: float = 8, *, ends: float = 2.6) -> Path:
    """Write it into `folder`.

    `boost` multiplies the weights of attention and of positions: drawn at random they are so small
    that a wrong mask or position goes unseen. `ends` does that for the end's logit: the larger, the
    sooner candidates end, each at a length of its own.
    """
    folder.mkdir(parents=True, exist_ok=True)
    torch.manual_seed(seed)
    made = models(_SIZES)
    with torch.no_grad():
        for model in made.values():
            for key, weights in model.named_parameters():
                _drawn(key, weights, boost)
        made[required_files.AUTOREGRESSIVE].mel_head.weight[_STOP].mul_(ends)
    write(made, folder)
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

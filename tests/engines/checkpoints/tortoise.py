"""A tiny checkpoint of Tortoise in the hub's layout, its weights drawn at random."""

import warnings
from pathlib import Path
from typing import Any

import torch

from narrated.engines.tortoise.upstream import upstream

_WIDTH = 128
_STOP = 8193


def tortoise(folder: Path, seed: int = 0, boost: float = 8, *, ends: float = 2.6) -> Path:
    """Write it into `folder`.

    `boost` multiplies the weights of attention and of positions: drawn at random they are so small
    that a wrong mask or position goes unseen. `ends` does that for the end's logit: the larger, the
    sooner candidates end, each at a length of its own.
    """
    folder.mkdir(parents=True, exist_ok=True)
    torch.manual_seed(seed)
    with warnings.catch_warnings(), torch.no_grad():
        warnings.simplefilter("ignore")
        for name, model in _models().items():
            for key, weights in model.named_parameters():
                _drawn(key, weights, boost)
            if name == "autoregressive.pth":
                model.mel_head.weight[_STOP].mul_(ends)
            state: Any = model.state_dict()
            torch.save({"model_g": state} if name == "vocoder.pth" else state, folder / name)
    return folder


def _models() -> dict[str, Any]:
    known = upstream()
    return {
        "autoregressive.pth": known.UnifiedVoice(
            max_mel_tokens=604,
            max_text_tokens=402,
            max_conditioning_inputs=2,
            layers=2,
            model_dim=_WIDTH,
            heads=2,
            number_text_tokens=255,
            start_text_token=255,
            checkpointing=False,
            train_solo_embeddings=False,
        ),
        "diffusion_decoder.pth": known.DiffusionTts(
            model_channels=_WIDTH,
            num_layers=2,
            in_channels=100,
            out_channels=200,
            in_latent_channels=_WIDTH,
            in_tokens=8193,
            dropout=0,
            use_fp16=False,
            num_heads=2,
            layer_drop=0,
            unconditioned_percentage=0,
        ),
        "clvp2.pth": known.CLVP(
            dim_text=64,
            dim_speech=64,
            dim_latent=64,
            num_text_tokens=256,
            text_enc_depth=2,
            text_seq_len=350,
            text_heads=1,
            num_speech_tokens=8192,
            speech_enc_depth=2,
            speech_heads=1,
            speech_seq_len=430,
            use_xformers=True,
        ),
        "vocoder.pth": known.UnivNetGenerator(channel_size=8),
    }


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

"""Reads the constructor arguments of upstream's classes from the shapes of the weights.

Upstream hard-codes them for its one published model (tortoise/api.py).
"""

import re
from collections.abc import Iterable, Mapping
from typing import Any

import torch

Weights = Mapping[str, torch.Tensor]

_HEAD_SIZE = 64  # GPT-2's in every published size, and CLVP's by its code
_CONDITIONINGS = 2  # positions that upstream reserves for more clips than one


def autoregressive(weights: Weights) -> dict[str, Any]:
    """Arguments of UnifiedVoice."""
    text_tokens, width = weights["text_embedding.weight"].shape
    codes = len(weights["mel_embedding.weight"])
    return {
        "layers": _count(weights, r"gpt\.h\.(\d+)\."),
        "model_dim": width,
        "heads": width // _HEAD_SIZE,
        "max_text_tokens": len(weights["text_pos_embedding.emb.weight"]) - 2,
        "max_mel_tokens": len(weights["mel_pos_embedding.emb.weight"]) - 2 - _CONDITIONINGS,
        "max_conditioning_inputs": _CONDITIONINGS,
        "number_text_tokens": text_tokens - 1,
        "start_text_token": text_tokens - 1,
        "number_mel_codes": codes,
        "start_mel_token": codes - 2,
        "stop_mel_token": codes - 1,
        "checkpointing": False,
        "train_solo_embeddings": False,
    }


def clvp(weights: Weights) -> dict[str, Any]:
    """Arguments of the second CLVP, the one with rotary positions."""
    text_tokens, text_width = weights["text_emb.weight"].shape
    speech_tokens, speech_width = weights["speech_emb.weight"].shape
    layer = "{}_transformer.transformer.attn_layers.layers.{}"
    return {
        "dim_text": text_width,
        "dim_speech": speech_width,
        "dim_latent": len(weights["to_text_latent.weight"]),
        "num_text_tokens": text_tokens,
        "num_speech_tokens": speech_tokens,
        # An attention layer and a feed-forward layer count as one.
        "text_enc_depth": _count(weights, layer.format("text", r"(\d+)\.")) // 2,
        "speech_enc_depth": _count(weights, layer.format("speech", r"(\d+)\.")) // 2,
        "text_heads": _heads(weights, layer.format("text", 0)),
        "speech_heads": _heads(weights, layer.format("speech", 0)),
        "use_xformers": True,
    }


def diffusion(weights: Weights) -> dict[str, Any]:
    """Arguments of DiffusionTts."""
    width, mels, _ = weights["inp_block.weight"].shape
    return {
        "model_channels": width,
        "num_layers": _count(weights, r"layers\.(\d+)\.resblk"),
        "in_channels": mels,
        "out_channels": len(weights["out.2.weight"]),
        "in_latent_channels": weights["latent_conditioner.0.weight"].shape[1],
        "in_tokens": len(weights["code_embedding.weight"]),
        "num_heads": weights[
            "layers.0.attn.relative_pos_embeddings.relative_attention_bias.weight"
        ].shape[1],
        "dropout": 0,
        "layer_drop": 0,
        "unconditioned_percentage": 0,
    }


def vocoder(weights: Weights) -> dict[str, Any]:
    """Arguments of UnivNetGenerator."""
    channels, noise, _ = weights["conv_pre.weight_v"].shape
    mels = weights["res_stack.0.kernel_predictor.input_conv.0.weight_v"].shape[1]
    return {"noise_dim": noise, "channel_size": channels, "n_mel_channels": mels}


def _count(weights: Iterable[str], pattern: str) -> int:
    """Number of different layers with matching names."""
    return len({match[1] for name in weights if (match := re.match(pattern, name))})


def _heads(weights: Weights, layer: str) -> int:
    return len(weights[f"{layer}.1.wrap.to_q.weight"]) // _HEAD_SIZE

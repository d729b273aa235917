"""Checkpoints of Bark whose sentences all take as long: the end is never drawn."""

import json
from functools import partial
from pathlib import Path

import torch
from transformers import BarkModel

from engines.checkpoints.bark import PRESETS, prompt_arrays, write_voices
from measuring import checkpoints

VOICE, VOICE_SEED = PRESETS[0], 0
_END = 10_000


def write_steady_bark(folder: Path, *, on_gpu: bool, layers: int, tokens: int) -> Path:
    """Write suno/bark for a GPU, else bark-small, whose every sentence has so many tokens."""
    model = checkpoints.bark if on_gpu else partial(checkpoints.small_bark, layers)
    dtype = torch.bfloat16 if on_gpu else torch.float32
    checkpoints.save(lambda: _endless(model()), folder, dtype)
    write_voices(folder, VOICE_SEED)
    written = folder / "generation_config.json"
    settings = json.loads(written.read_text())
    settings["semantic_config"]["max_new_tokens"] = tokens
    written.write_text(json.dumps(settings))
    return folder


def write_history(file: Path) -> Path:
    """Write the voice as transformers' `generate` takes it."""
    arrays = prompt_arrays(VOICE_SEED, 4.0)
    torch.save({name: torch.from_numpy(each) for name, each in arrays.items()}, file)
    return file


def _endless(model: BarkModel) -> BarkModel:
    # Noughts are never among the fifty likeliest of ten thousand.
    model.semantic.lm_head.weight.data[_END] = 0.0
    return model

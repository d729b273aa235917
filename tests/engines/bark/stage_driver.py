"""Bark without the engine around it: rows through one stage, or through the whole line."""

import dataclasses
from pathlib import Path

import numpy as np

from engines.checkpoints.bark import prompt_arrays
from engines.stage_driver import StageDriver
from narrated.engines.bark.checkpoint import BarkCheckpoint
from narrated.engines.bark.options import StageSampling
from narrated.engines.bark.request import BarkRequest
from narrated.engines.bark.voice_prompt import VoicePrompt
from narrated.engines.neural.checkpoint_lookup import find_checkpoint
from support.engine_context import PlainContext


class BarkDriver(StageDriver):
    """A checkpoint that is warm, and rows for it."""

    width = 4

    def __init__(self, folder: Path, device: str = "cpu", dtype: str = "float32") -> None:
        context = PlainContext(device=device)
        super().__init__(
            folder, BarkCheckpoint.opened(find_checkpoint(context, str(folder)), dtype, context)
        )
        self.generation = self.checkpoint.generation
        self.sample_rate = self.generation.sample_rate

    def request(self, id, text="", prompt=None, seed=0, **changed) -> BarkRequest:
        """`changed` may say what earlier stages have made of it, and how it is to be sampled."""
        sampling: StageSampling = changed.pop("sampling", self.generation.sampling)
        words = self.checkpoint.words(text)
        return BarkRequest(id, words, prompt, sampling, seed=seed, **changed)

    def stages(self):
        return self.checkpoint.stages()


class Sound:
    """Samples, equal but for the last bit: the codec rounds by the size of its batch."""

    def __init__(self, pcm: bytes) -> None:
        self.samples = np.frombuffer(pcm, dtype="<i2").astype(int)

    def __eq__(self, other) -> bool:
        if len(self.samples) != len(other.samples):
            return False
        return np.abs(self.samples - other.samples).max(initial=0) <= 1


def codes(request) -> tuple:
    """Everything that the stages have made of a row."""
    return (
        request.semantic,
        request.coarse,
        None if request.fine is None else request.fine.tolist(),
        Sound(request.pcm),
    )


def copied(request, **changed) -> BarkRequest:
    """The same request once more, before anything is made of it."""
    return BarkRequest(
        request.id,
        request.words,
        request.prompt,
        changed.get("sampling", request.sampling),
        seed=request.seed,
    )


def prompt(seed, seconds=5.0) -> VoicePrompt:
    arrays = prompt_arrays(seed, seconds)
    return VoicePrompt(*(arrays[f"{stage}_prompt"] for stage in ("semantic", "coarse", "fine")))


def tokens(count, seed=0) -> list[int]:
    """Semantic tokens that some text might have become."""
    return np.random.default_rng(seed).integers(0, 10_000, count).tolist()


def greedily(sampling: StageSampling) -> StageSampling:
    likeliest = {"temperature": 0.0}
    return dataclasses.replace(
        sampling,
        semantic=dataclasses.replace(sampling.semantic, **likeliest),
        coarse=dataclasses.replace(sampling.coarse, **likeliest),
        fine_temperature=1.0,
    )

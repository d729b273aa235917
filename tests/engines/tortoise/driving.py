"""Tortoise without the engine around it: rows through one stage, or through the whole line."""

import itertools
from pathlib import Path

import numpy as np
import torch

from measuring.shelf import PlainShelf
from narrated.engines.base import Outcome, Progressed
from narrated.engines.neural.files import found
from narrated.engines.neural.pipeline import Pipeline
from narrated.engines.tortoise.checkpoint import Checkpoint
from narrated.engines.tortoise.latents import Kept, Latents
from narrated.engines.tortoise.options import Settings
from narrated.engines.tortoise.parts import FILES
from narrated.engines.tortoise.row import Row
from narrated.engines.tortoise.stages import stages
from narrated.engines.tortoise.voices import Voice

MORE_STEPS_THAN_NEEDED = 10_000
QUICK = {
    "preset": "ultra_fast",
    "num_autoregressive_samples": 3,
    "diffusion_iterations": 3,
    "max_mel_tokens": 40,
}
NOBODY = Voice("nobody", "none", (Path("nowhere.pth"),), ("none",))


class Bench:
    """A checkpoint that is warm, and rows for it."""

    def __init__(self, folder: Path, device: str = "cpu", dtype: str = "float32") -> None:
        shelf = PlainShelf(device=device)
        self.folder = folder
        self.checkpoint = Checkpoint.opened(found(shelf, str(folder), FILES), dtype, shelf)
        self.checkpoint.model.warm()
        self.module = self.checkpoint.model.module

    def row(self, id, text="", voice=1, seed=0, **wishes) -> Row:
        """A row in a voice of latents drawn by chance."""
        words = self.checkpoint.words(text)
        settings = Settings.of({**QUICK, **wishes})
        row = Row(id, words, NOBODY, settings, seed, is_silent=not words)
        row.latents = latents(voice, self.module.width)
        return row

    def stages(self):
        """All but the first: rows bring their latents."""
        return stages(Kept(Path("/nonexistent"), ""))[1:]

    def pipeline(self, batch=16) -> Pipeline:
        return Pipeline(self.checkpoint.model, self.stages(), batch, 24_000)

    def through(self, stage, rows, width=16) -> None:
        """All rows at once through one stage."""
        for row in rows:
            stage.admit(row)
        with torch.no_grad():
            while stage.rows:
                stage.work(self.module, width)
        assert not any(row.problem for row in rows)

    def spoken(self, rows, batch=16) -> dict[str, Outcome]:
        """All rows at once through the line; what became of them by id."""
        pipeline = self.pipeline(batch)
        for row in rows:
            pipeline.admit(row)
        return finished(pipeline, len(rows))


def finished(pipeline, count) -> dict[str, Outcome]:
    """Step until so many rows have come out."""
    out: dict[str, Outcome] = {}
    for _ in itertools.repeat(None, MORE_STEPS_THAN_NEEDED):
        if len(out) == count:
            return out
        out |= {each.id: each for each in pipeline.step() if not isinstance(each, Progressed)}
    raise AssertionError(f"only {sorted(out)} came out")


def samples(pcm: bytes) -> np.ndarray:
    """From -1 to 1, (n,)."""
    return np.frombuffer(pcm, dtype="<i2") / 32_767


def close(one: bytes, other: bytes) -> bool:
    """Whether two sounds are one but for rounding, which hangs on how many are worked at once."""
    return len(one) == len(other) and np.abs(samples(one) - samples(other)).max() < 2e-3


def latents(seed: int, width: int) -> Latents:
    drawn = torch.Generator().manual_seed(seed)
    return Latents(
        torch.randn(1, width, generator=drawn) * 0.5,
        torch.randn(1, 2 * width, generator=drawn) * 0.5,
    )

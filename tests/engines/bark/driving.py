"""Bark without the engine around it: rows through one stage, or through the whole line."""

import dataclasses
from pathlib import Path

import numpy as np
import torch

from engines.checkpoints.bark import prompt_arrays
from measuring.shelf import PlainShelf
from narrated.engines.bark.checkpoint import Checkpoint
from narrated.engines.bark.options import Sampling
from narrated.engines.bark.prompts import Prompt
from narrated.engines.bark.row import Row
from narrated.engines.bark.stages import stages
from narrated.engines.base import Outcome, Progressed
from narrated.engines.neural.files import found
from narrated.engines.neural.pipeline import Pipeline

MORE_STEPS_THAN_NEEDED = 10_000


class Bench:
    """A checkpoint that is warm, and rows for it."""

    def __init__(self, folder: Path, device: str = "cpu", dtype: str = "float32") -> None:
        shelf = PlainShelf(device=device)
        self.folder = folder
        self.checkpoint = Checkpoint.opened(found(shelf, str(folder)), dtype, shelf)
        self.checkpoint.model.warm()
        self.module = self.checkpoint.model.module
        self.recipe = self.checkpoint.recipe

    def row(self, id, text="", prompt=None, seed=0, **changed) -> Row:
        """`changed` may say what earlier stages have made of it, and how it is to be sampled."""
        sampling: Sampling = changed.pop("sampling", self.recipe.sampling)
        words = self.checkpoint.words(text)
        return Row(id, words, prompt, sampling, seed, is_silent=not words, **changed)

    def pipeline(self, rows=4) -> Pipeline:
        line = stages(self.recipe, self.checkpoint.block_size)
        return Pipeline(self.checkpoint.model, line, rows, self.recipe.sample_rate)

    def through(self, stage, rows, width=4) -> None:
        """All rows at once through one stage."""
        for row in rows:
            stage.admit(row)
        with torch.no_grad():
            while stage.rows:
                stage.work(self.module, width)
        assert not any(row.problem for row in rows)

    def spoken(self, rows, width=4) -> dict[str, Outcome]:
        """All rows at once through the line; what became of them by id."""
        pipeline = self.pipeline(width)
        for row in rows:
            pipeline.admit(row)
        return finished(pipeline, len(rows))


def finished(pipeline, count) -> dict[str, Outcome]:
    """Step until so many rows have come out."""
    out: dict[str, Outcome] = {}
    for _ in range(MORE_STEPS_THAN_NEEDED):
        if len(out) == count:
            return out
        for outcome in pipeline.step():
            if not isinstance(outcome, Progressed):
                out[outcome.id] = outcome
    raise AssertionError(f"only {sorted(out)} came out")


def codes(row) -> tuple:
    """Everything that the stages have made of a row."""
    return row.semantic, row.coarse, None if row.fine is None else row.fine.tolist(), row.pcm


def copied(row, **changed) -> Row:
    """The same request once more, before anything is made of it."""
    return Row(row.id, row.words, row.prompt, changed.get("sampling", row.sampling), row.seed)


def prompt(seed, seconds=5.0) -> Prompt:
    arrays = prompt_arrays(seed, seconds)
    return Prompt(*(arrays[f"{stage}_prompt"] for stage in ("semantic", "coarse", "fine")))


def tokens(count, seed=0) -> list[int]:
    """Semantic tokens that some text might have become."""
    return np.random.default_rng(seed).integers(0, 10_000, count).tolist()


def greedily(sampling: Sampling) -> Sampling:
    likeliest = {"temperature": 0.0}
    return dataclasses.replace(
        sampling,
        semantic=dataclasses.replace(sampling.semantic, **likeliest),
        coarse=dataclasses.replace(sampling.coarse, **likeliest),
        fine_temperature=1.0,
    )

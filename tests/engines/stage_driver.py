"""An engine's checkpoint without the engine around it: rows through one stage, or through the
whole line."""

from pathlib import Path

import torch

from narrated.engines.interface import Outcome, ProgressReport
from narrated.engines.neural.stage_pipeline import StagePipeline

MORE_STEPS_THAN_NEEDED = 10_000


class StageDriver:
    """A checkpoint that is warm. Those of an engine say what rows and stages are, and `width`."""

    width: int
    """How much is worked at once where a test says nothing else."""
    sample_rate = 24_000

    def __init__(self, folder: Path, checkpoint) -> None:
        self.folder = folder
        self.checkpoint = checkpoint
        self.checkpoint.model.warm()
        self.module = self.checkpoint.model.module

    def stages(self):
        raise NotImplementedError

    def pipeline(self, width=None) -> StagePipeline:
        width = width or self.width
        return StagePipeline(self.checkpoint.model, self.stages(), width, self.sample_rate)

    def through(self, stage, requests, width=None) -> None:
        """All rows at once through one stage."""
        for request in requests:
            stage.admit(request)
        with torch.no_grad():
            while stage.requests:
                stage.work(self.module, width or self.width)
        assert not any(request.problem for request in requests)

    def steps_alone(self, request) -> list[str]:
        """Steps of a request that passes through the stages by hand, by the class of the stage."""
        done = []
        for stage in self.stages():
            work = counted(stage, done)
            stage.admit(request)
            with torch.no_grad():
                while stage.requests:
                    work(self.module, self.width)
        assert not request.problem
        return done

    def steps_in_pipeline(self, request) -> tuple[list[str], int]:
        """Steps of the stages for a request that is alone in an idle pipeline, and the number of
        the pipeline's own."""
        pipeline, done = self.pipeline(), []
        for stage in pipeline._stages:
            stage.work = counted(stage, done)
        pipeline.admit(request)
        steps, outcomes = 0, []
        while all(isinstance(each, ProgressReport) for each in outcomes):
            outcomes, steps = pipeline.step(), steps + 1
        return done, steps

    def spoken(self, requests, width=None) -> dict[str, Outcome]:
        """All rows at once through the line; what became of them by id."""
        pipeline = self.pipeline(width)
        for request in requests:
            pipeline.admit(request)
        return finished(pipeline, len(requests))


def counted(stage, done: list[str]):
    """The work of a stage, which adds its class to a list at each step."""
    work = stage.work

    def worked(*arguments):
        done.append(type(stage).__name__)
        return work(*arguments)

    return worked


def finished(pipeline, count) -> dict[str, Outcome]:
    """Step until so many rows have come out."""
    out: dict[str, Outcome] = {}
    for _ in range(MORE_STEPS_THAN_NEEDED):
        if len(out) == count:
            return out
        out |= {each.id: each for each in pipeline.step() if not isinstance(each, ProgressReport)}
    raise AssertionError(f"only {sorted(out)} came out")

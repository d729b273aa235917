"""A slice of Bark's two causal stages waits for no device, and keeps to its buffers."""

import dataclasses

import pytest
import torch

from engines.bark.stage_driver import tokens
from engines.step_watch import watched
from narrated.engines.bark.coarse import CoarseStage
from narrated.engines.bark.semantic import SemanticStage

EVERYTHING = {"top_p": 0.9, "repetition_penalty": 1.3}


def slice_of(bench, name, changed):
    """Counts of a slice of four requests in the midst of their tokens."""
    stages = {
        "semantic": lambda: SemanticStage(bench.generation, bench.checkpoint.block_size),
        "coarse": lambda: CoarseStage(bench.generation),
    }
    stage, plain = stages[name](), bench.generation.sampling
    own = dataclasses.replace(getattr(plain, name), **changed)
    sampling = dataclasses.replace(plain, **{name: own})
    for index in range(4):
        semantic = tokens(20 + index, seed=index)
        request = bench.request(str(index), "x", sampling=sampling, seed=index, semantic=semantic)
        stage.admit(request)
    stage.end = None  # so that none ends in the slice
    with torch.no_grad():
        while stage._waiting:
            stage.work(bench.module, 4)
        model = stage._model(bench.module)
        with watched(model.lm_head) as watch:
            stage.work(bench.module, 4)
    return watch


@pytest.mark.parametrize("name", ["semantic", "coarse"])
@pytest.mark.parametrize("changed", [{}, {"temperature": 0.0}, EVERYTHING], ids=str)
def test_slice_waits_at_its_end(sampling, name, changed):
    """A slice reads its tokens once, behind its last step, and copies nothing to the device."""
    watch = slice_of(sampling, name, changed)
    assert watch.steps >= 10
    assert [done for done, _ in watch.waits] == [watch.steps], watch.waits
    assert watch.copies == []


@pytest.mark.parametrize("name", ["semantic", "coarse"])
@pytest.mark.parametrize("changed", [{}, {"temperature": 0.0}, EVERYTHING], ids=str)
def test_slice_keeps_its_buffers(sampling, name, changed):
    """A step writes into buffers that were there before."""
    watch = slice_of(sampling, name, changed)
    assert watch.kept() == []
    assert watch.buffers == []

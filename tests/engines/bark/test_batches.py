"""Bark's batches stay full while a new request comes for each that is spoken."""

import random
from collections import defaultdict
from statistics import mean

import pytest

from engines.checkpoints.bark import bark
from narrated.engines.bark.causal_stage import CausalStage
from narrated.engines.bark.engine import load
from narrated.engines.bark.semantic import SemanticStage
from narrated.engines.interface import ProgressReport, SpeechRequest
from narrated.engines.neural.running_batch import RunningBatch
from support.engine_context import PlainContext

ROWS, REQUESTS = 4, 24


@pytest.fixture(scope="module")
def endless(tmp_path_factory):
    """Its texts never end by themselves."""
    folder = tmp_path_factory.mktemp("endless")
    return bark(folder, seed=4, ends=0, min_eos_p=None, max_new_tokens=96)


@pytest.fixture
def held(monkeypatch):
    """Slots held in each slice, by the stage."""
    counts = defaultdict(list)
    work, advance = CausalStage.work, RunningBatch.advance
    at_work = []

    def watched(stage, *arguments):
        at_work[:] = [stage.name]
        return work(stage, *arguments)

    def counted(batch, *arguments):
        counts[at_work[0]].append(len(batch.sequences))
        return advance(batch, *arguments)

    monkeypatch.setattr(CausalStage, "work", watched)
    monkeypatch.setattr(RunningBatch, "advance", counted)
    return counts


@pytest.mark.parametrize(
    ("lengths", "semantic", "coarse"), [((48,), 3.4, 3.4), ((12, 24, 36, 60, 96), 3.4, 3.0)]
)
def test_batches_stay_full(endless, held, monkeypatch, lengths, semantic, coarse):
    """In steady state 3.4 of 4 slots are held; 3.0 in the coarse batch if lengths are uneven."""
    drawn = random.Random(1)
    limits = [drawn.choice(lengths) for _ in range(REQUESTS)]
    monkeypatch.setattr(SemanticStage, "_total", lambda _, request: limits[int(request.id)])
    engine = load({"model": str(endless), "rows": ROWS}, PlainContext())
    engine.models[0].warm()
    waiting = [SpeechRequest(str(number), "Hello.", "") for number in range(REQUESTS)]
    in_flight = set()
    while waiting:
        for request in waiting[: engine.rows - len(in_flight)]:
            waiting.remove(request)
            in_flight.add(request.id)
            engine.admit(request)
        told = engine.step()
        in_flight -= {each.id for each in told if not isinstance(each, ProgressReport)}
    settled = {name: mean(counts[len(counts) // 4 :]) for name, counts in held.items()}
    assert settled["semantic"] >= semantic
    assert settled["coarse"] >= coarse

"""Bark's stages: a slice waits for no device and keeps to its buffers; no request waits."""

import copy
import dataclasses
import itertools
from types import SimpleNamespace

import pytest
import torch

from engines.bark.stage_driver import codes, copied, tokens
from engines.recorded_steps import RecordedStep
from engines.step_watch import watched
from narrated.engines.bark.coarse import CoarseStage
from narrated.engines.bark.codec import CodecStage
from narrated.engines.bark.fine import FineStage
from narrated.engines.bark.semantic import SemanticStage
from narrated.engines.bark.transformer_adapter import BarkTransformer
from narrated.engines.neural.decoder import KeyValueDecoder
from narrated.engines.neural.running_batch import RunningBatch, TokenSequence
from narrated.engines.neural.sampling_parameters import SamplingParameters
from narrated.engines.neural.slot_states import MOST_STEPS
from narrated.engines.neural.step_runner import StepRunner

EVERYTHING = {"top_p": 0.9, "repetition_penalty": 1.3}


def stage_of(bench, name):
    """A stage whose tokens do not end before their limit."""
    if name == "coarse":
        return CoarseStage(bench.generation)
    stage = SemanticStage(bench.generation, bench.checkpoint.block_size)
    stage.end = None
    return stage


def slice_of(bench, name, changed):
    """Counts of a slice of four requests in the midst of their tokens."""
    stage, plain = stage_of(bench, name), bench.generation.sampling
    own = dataclasses.replace(getattr(plain, name), **changed)
    sampling = dataclasses.replace(plain, **{name: own})
    for index in range(4):
        semantic = tokens(20 + index, seed=index)
        request = bench.request(str(index), "x", sampling=sampling, seed=index, semantic=semantic)
        stage.admit(request)
    with torch.no_grad():
        while stage._waiting:
            stage.work(bench.module, 4)
        model = stage._model(bench.module)
        with watched(model.lm_head) as watch:
            stage.work(bench.module, 4)
    return watch


@pytest.fixture(
    scope="module",
    params=itertools.product(["semantic", "coarse"], [{}, {"temperature": 0.0}, EVERYTHING]),
    ids=str,
)
def watch(request, sampling):
    """Counts of a slice of a stage, with these changes of its sampling."""
    return slice_of(sampling, *request.param)


def test_slice_waits_at_its_end(watch):
    """A slice reads its tokens once, behind its last step, and copies nothing to the device."""
    assert watch.steps >= 10
    assert [done for done, _ in watch.waits] == [watch.steps], watch.waits
    assert watch.copies == []


def test_slice_keeps_its_buffers(watch):
    """A step writes into buffers that were there before."""
    assert watch.kept() == []
    assert watch.buffers == []


@pytest.mark.parametrize("name", ["semantic", "coarse"])
def test_prompts_are_pinned(sampling, name):
    """Whatever a request's prompt copies to the device goes through pinned memory."""
    stage = stage_of(sampling, name)
    stage.admit(sampling.request("1", "x", semantic=tokens(20)))
    with torch.no_grad(), watched(stage._model(sampling.module).lm_head) as watch:
        stage.work(sampling.module, 4)
    assert watch.moved and watch.unpinned() == []


@pytest.fixture
def captures(monkeypatch):
    """Steps are captured without a GPU; the list has an item for each capture."""
    made = []

    def captured(step):
        made.append(step)
        return RecordedStep.captured(step)

    monkeypatch.setattr(StepRunner, "of", lambda device: StepRunner(captured))
    return made


def different_takes(bench, name):
    """Requests of several lengths, whose sampling needs different operations."""
    plain = bench.generation.sampling
    changes = ({}, {"temperature": 0.0}, {"top_k": 7}, {"top_k": 0}, {"top_p": 0.5}, EVERYTHING)
    for index, changed in enumerate(changes):
        own = dataclasses.replace(
            getattr(plain, name), **{"temperature": 0.7, "top_k": 50, **changed}
        )
        sampling = dataclasses.replace(plain, **{name: own})
        semantic = tokens(60 - 9 * index, seed=index)
        yield bench.request(str(index), "x", sampling=sampling, seed=index, semantic=semantic)


@pytest.mark.parametrize("name", ["semantic", "coarse"])
def test_captured_steps_say_the_same(greedy, captures, monkeypatch, name):
    """Replays of captured steps give each request its codes: their keys name all that changes."""
    captured, plain = list(different_takes(greedy, name)), list(different_takes(greedy, name))
    stage = stage_of(greedy, name)
    stage.admit(captured[0])
    for _ in range(5):  # so that it is alone at first
        with torch.no_grad():
            stage.work(greedy.module, 3)
    greedy.through(stage, captured[1:], width=3)
    assert len(captures) >= 3
    monkeypatch.setattr(StepRunner, "of", lambda device: StepRunner(None))
    for request in plain:
        greedy.through(stage_of(greedy, name), [request])
    assert [codes(each) for each in captured] == [codes(each) for each in plain]


def test_moved_weights_are_captured_anew():
    """A captured step is dropped once the weights are elsewhere, and captured again."""
    done = []

    def capture(step):
        done.append("captured")
        return lambda: done.append("replayed")

    runner, weights = StepRunner(capture), [torch.zeros(3)]
    for place in (weights, weights, weights, [weights[0].clone()], weights):
        runner.use(place)
        runner.run("key", lambda: done.append("called"))
    assert done == ["called", "captured", "replayed", "replayed", "called", "called"]
    runner.run("another", lambda: done.append("called"))
    assert done[-1] == "called"


def test_steps_that_no_device_captures():
    """Where a capture fails, steps are called, and none is lost or done twice."""
    done = []

    def capture(step):
        raise RuntimeError("operation not permitted when stream is capturing")

    runner = StepRunner(capture)
    for _ in range(4):
        runner.run("key", lambda: done.append("called"))
    assert done == ["called"] * 4
    assert not runner.captures


def coarse_prefills(bench, joint_windows):
    """The codes of requests that come one after the other, and the sizes of their prefills."""
    stage, sizes = CoarseStage(bench.generation, joint_windows), []
    requests = [
        bench.request(str(i), "x", seed=i, semantic=tokens(60 + 9 * i, seed=i)) for i in range(3)
    ]

    def counted(decoder, transformer, first, prompts, lengths):
        sizes.append(len(prompts))
        return fill(decoder, transformer, first, prompts, lengths)

    fill = KeyValueDecoder.fill
    with pytest.MonkeyPatch.context() as patch, torch.no_grad():
        patch.setattr(KeyValueDecoder, "fill", counted)
        for request in requests:
            stage.admit(request)
            for _ in range(2):
                stage.work(bench.module, 4)
        bench.through(stage, [])
    return [request.coarse for request in requests], sizes


def test_joint_windows_share_prefills(greedy):
    """Coarse requests can keep their windows together: one pass then reads the prompts of all."""
    apart, passes = coarse_prefills(greedy, joint_windows=False)
    together, joint_passes = coarse_prefills(greedy, joint_windows=True)
    assert together == apart
    assert sum(joint_passes) == sum(passes)
    assert len(joint_passes) <= 1 + max(len(coarse) for coarse in apart) // 60 + 1
    assert len(passes) >= 2 * len(joint_passes)


@pytest.mark.parametrize("temperature", [0.5, 1.0])
def test_fine_pass_waits_once(sampling, temperature):
    """A fine pass reads the codes of all its requests at once."""
    drawn = dataclasses.replace(sampling.generation.sampling, fine_temperature=temperature)
    stage = FineStage(sampling.generation)
    for index in range(4):
        coarse = [10_000, 11_024] * (9 + index)
        stage.admit(sampling.request(str(index), "x", sampling=drawn, seed=index, coarse=coarse))
    with torch.no_grad(), watched(sampling.module.fine_acoustics.layernorm_final) as watch:
        stage.work(sampling.module, 4)
    assert watch.steps == 1
    assert [done for done, _ in watch.waits] == [1], watch.waits
    assert len(watch.copies) == 2, watch.copies


@pytest.fixture
def read(monkeypatch):
    """What is read of a device without values: shapes; the host is told ones."""
    shapes = []

    def to_host(values):
        shapes.append((values.device.type, *values.shape))
        return torch.ones(values.shape, dtype=values.dtype)

    for module in ("slot_states", "stage_pipeline"):
        monkeypatch.setattr(f"narrated.engines.neural.{module}.to_host", to_host)
    return shapes


def test_codec_reads_its_samples_once(sampling, read):
    """The codec reads nothing but the samples of all its requests, at once."""
    stage = CodecStage(sampling.generation)
    for index in range(4):
        fine = torch.full((8, 9 + index), index)
        stage.admit(sampling.request(str(index), "x", fine=fine))
    codec = copy.deepcopy(sampling.module.codec_model).to("meta")
    with torch.no_grad():
        stage.work(SimpleNamespace(codec_model=codec, device=torch.device("meta")), 4)
    hop = 320
    assert read == [("meta", 4, 12 * hop + 1)]


def test_steps_need_no_values(sampling, read):
    """A device without values runs joins and slices: only their outcome is read."""
    semantic = sampling.module.semantic
    with torch.device("meta"):
        transformer = BarkTransformer(type(semantic)(semantic.config).eval())
    allowed = torch.ones(2, transformer.vocabulary, dtype=torch.bool, device="meta")
    batch = RunningBatch(KeyValueDecoder(transformer, 4, 300), allowed, end=0)
    uniform = torch.zeros(30, dtype=torch.float64)
    sequences = [
        TokenSequence(index, 257, SamplingParameters(0.7, 50, 0.2, **EVERYTHING), uniform)
        for index in range(3)
    ]
    with torch.no_grad():
        batch.join(transformer, sequences, torch.zeros(3, 257, transformer.width, device="meta"))
        batch.advance(transformer, 12)
        batch.remove(sequences[0])
        batch.advance(transformer, 12)
    assert [len(each.tokens) for each in sequences] == [13, 25, 25]
    assert read == [("meta", MOST_STEPS + 1, 4)] * 3


def test_lone_request_waits_for_none(sampling):
    """A lone request makes the steps of its stages, and none to wait for fuller batches."""
    request = sampling.request("1", "of")
    alone = sampling.steps_alone(copied(request))
    stages, steps = sampling.steps_in_pipeline(request)
    assert len(set(alone)) == 4 and len(alone) > 4
    assert stages == alone
    assert steps == len(alone)

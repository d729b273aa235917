"""Memory runs short: a step is tried again, narrower or from the stage's beginning: the
rows come out the same."""

from functools import partial

import pytest
import torch

from engines.bark.stage_driver import codes, copied, prompt
from engines.memory_limit import REACTIONS, Driven, take_too_much
from engines.speaking import warmed
from narrated.engines.bark.engine import load
from narrated.engines.bark.transformer_adapter import BarkTransformer
from narrated.engines.interface import RequestFailure, SpeechRequest, SpeechResult
from narrated.engines.neural.decoder import KeyValueDecoder
from narrated.engines.neural.running_batch import RunningBatch, TokenSequence
from narrated.engines.neural.sampling_parameters import SamplingParameters
from support.engine_context import PlainContext

TEXTS = ("Hello, my dog is cute.", "of the", "The cat [laughs].")


def requests_of(bench):
    voices = (None, prompt(1), prompt(2, seconds=2.0))
    return [bench.request(str(i), text, voices[i], seed=i) for i, text in enumerate(TEXTS)]


@pytest.fixture(scope="module")
def undisturbed(sampling):
    requests = requests_of(sampling)
    sampling.spoken(requests)
    return [codes(request) for request in requests]


def parts(module):
    """A part of each stage that is called in the midst of every step."""
    return {
        "semantic": module.semantic.layers[1].mlp,
        "coarse": module.coarse_acoustics.layers[1].mlp,
        "fine": module.fine_acoustics.layers[1].mlp,
        "codec": module.codec_model.decoder,
    }


def before(part, act):
    """Have `act` be called with the number of the call, before a part of the model works."""
    count = iter(range(1_000_000))
    return part.register_forward_pre_hook(lambda *_: act(next(count)))


PARTS = ("semantic", "coarse", "fine", "codec")


@pytest.mark.parametrize(
    ("starving", "reaction"),
    # A pipeline shrinks once only, so each part needs a pipeline of its own.
    [(PARTS, "again"), (PARTS, "release"), *(((part,), "shrink") for part in PARTS)],
)
def test_retry_after_out_of_memory(sampling, undisturbed, hooked, starving, reaction):
    """Requests come out the same after a step that ran out of memory."""
    starved = dict.fromkeys(starving, 0)

    def starve(part, call):
        if call in (0, 2, 11, 27):
            starved[part] += 1
            take_too_much()

    for part in starving:
        hooked(before(parts(sampling.module)[part], partial(starve, part)))
    requests = requests_of(sampling)
    pipeline = sampling.pipeline(width=2)
    for request in requests:
        pipeline.admit(request)
    named = Driven(pipeline).until(len(requests), REACTIONS[reaction]).named
    assert len(named) == sum(starved.values())
    assert min(starved.values()) >= 2
    assert all(ids and set(ids) <= {request.id for request in requests} for ids in named)
    assert [codes(request) for request in requests] == undisturbed


def test_release_at_any_time(sampling, undisturbed):
    """A release of memory at any time does not change the sound."""
    requests = requests_of(sampling)
    pipeline = sampling.pipeline()
    for request in requests:
        pipeline.admit(request)
    out, steps = 0, 0
    while out < len(requests):
        out += sum(hasattr(outcome, "pcm") for outcome in pipeline.step())
        steps += 1
        if steps % 7 == 0:
            pipeline.release()
        if steps == 10:
            assert pipeline.shrink() and pipeline.width == 2
    assert [codes(request) for request in requests] == undisturbed


def test_width_halves_and_regrows(sampling):
    """The width halves down to one and grows back while idle."""
    pipeline = sampling.pipeline(width=4)
    assert [pipeline.shrink(), pipeline.width] == [True, 2]
    assert [pipeline.shrink(), pipeline.width] == [True, 1]
    assert not pipeline.shrink()
    for width in (2, 4, 4):
        request = sampling.request("1", "of")
        pipeline.admit(request)
        Driven(pipeline).until(1)
        assert pipeline.width == width


def test_width_regrows_under_load(sampling):
    """The width also grows back in the middle of a book."""
    pipeline = sampling.pipeline(width=2)
    assert pipeline.shrink()
    widths = set()
    for number in range(2):
        pipeline.admit(sampling.request(str(number), "of"))
    for number in range(2, 14):  # one comes for each that goes: it is never idle
        Driven(pipeline).until(1)
        pipeline.admit(sampling.request(str(number), "of"))
        widths.add(pipeline.width)
        if widths == {1, 2}:
            return
    raise AssertionError(f"the width stayed at {widths}")


def test_width_regrows_soon(sampling_folder):
    """An engine's width grows back after five full batches of requests at most."""
    engine = load({"model": str(sampling_folder), "rows": 2}, PlainContext())
    warmed(engine)
    assert engine.shrink()
    fed, finished = 0, 0
    while engine._pipeline.width == 1:
        while fed < finished + 2:
            engine.admit(SpeechRequest(str(fed), "of", ""))
            fed += 1
        finished += sum(isinstance(each, SpeechResult) for each in engine.step())
        assert finished <= 5 * 2


def test_released_memory_is_free(sampling):
    pipeline = sampling.pipeline()
    pipeline.admit(sampling.request("1", "Hello"))
    pipeline.step()
    semantic = pipeline._stages[0]
    assert semantic._batch is not None
    pipeline.release()
    assert semantic._batch is None


@pytest.mark.parametrize(
    ("part", "attribute"),
    [
        ("semantic", "semantic.lm_head"),
        ("coarse", "coarse_acoustics.lm_head"),
        ("fine", "fine_acoustics.layernorm_final"),
        ("codec", "codec_model.decoder"),
    ],
)
def test_nan_fails_its_request_only(sampling, undisturbed, hooked, part, attribute):
    """A request whose values are not numbers fails, and the others do not."""
    requests = requests_of(sampling)
    pipeline = sampling.pipeline()
    for request in requests:
        pipeline.admit(request)
    count = iter(range(1_000_000))

    def spoil(module, arguments, output):
        if next(count) == 0:
            output[0] = float("nan")

    hooked(sampling.module.get_submodule(attribute).register_forward_hook(spoil))
    out = Driven(pipeline).until(len(requests)).out
    failed = [outcome for outcome in out.values() if isinstance(outcome, RequestFailure)]
    assert len(failed) == 1 and f"{part} model gave values that are not finite" in failed[0].problem
    well = [request for request in requests if request.id != failed[0].id]
    assert [codes(request) for request in well] == [
        undisturbed[int(request.id)] for request in well
    ]


@pytest.mark.parametrize("spoilt", [(1,), (0,), (0, 1)], ids=str)
def test_nan_leaves_with_its_request(sampling, spoilt):
    """A request in the slot of one whose values were not numbers says what it says alone."""
    transformer = BarkTransformer(sampling.module.semantic)
    prompts = torch.randn(2, 80, transformer.width, generator=torch.Generator().manual_seed(1))
    allowed = torch.ones(1, transformer.vocabulary, dtype=torch.bool)

    def sequence(number, length):
        uniform = torch.zeros(40, dtype=torch.float64)
        return TokenSequence(number, length, SamplingParameters(0.0, 50, 0.0), uniform)

    def spoken(batch, later):
        batch.join(transformer, [later], prompts[:1, :20])
        batch.advance(transformer, 4)
        return later.tokens

    with torch.no_grad():
        decoder = KeyValueDecoder(transformer, 2, 120)
        batch = RunningBatch(decoder, allowed, end=None)
        batch.join(transformer, [sequence(0, 80), sequence(1, 80)], prompts)
        decoder._kept[0, 1, spoilt, :, 60] = float("nan")
        finished = batch.advance(transformer, 4)
        assert {each.owner for each in finished} == set(spoilt)
        alone = RunningBatch(KeyValueDecoder(transformer, 2, 120), allowed, end=None)
        later = sequence(2, 20)
        assert spoken(batch, later) == spoken(alone, sequence(2, 20))
        assert later.is_finite


def test_restart_reuses_its_draws(sampling):
    """A request that begins again gets the same draws."""
    request = sampling.request("1", "Hello", seed=5)
    again = copied(request)
    assert torch.equal(request.uniform(9, "fine", 0, 2), again.uniform(9, "fine", 0, 2))
    assert not torch.equal(request.uniform(9, "fine", 0, 2), request.uniform(9, "fine", 0, 3))
    assert not torch.equal(
        request.uniform(9, "semantic"), sampling.request("1", seed=6).uniform(9, "semantic")
    )

"""Where memory is short a step may be tried again, narrower or from the stage's beginning: the
rows come out the same."""

import pytest
import torch

from engines.bark.driving import codes, copied, prompt
from engines.scarcity import REACTIONS, Driven, take_too_much
from narrated.engines.interface import RequestFailure

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


@pytest.mark.parametrize("reaction", REACTIONS)
@pytest.mark.parametrize("part", ["semantic", "coarse", "fine", "codec"])
def test_after_a_step_without_memory_rows_come_out_the_same(
    sampling, undisturbed, hooked, part, reaction
):
    def starve(call):
        if call in (0, 2, 11, 27):
            take_too_much()

    hooked(before(parts(sampling.module)[part], starve))
    requests = requests_of(sampling)
    pipeline = sampling.pipeline(width=2)
    for request in requests:
        pipeline.admit(request)
    named = Driven(pipeline).until(len(requests), REACTIONS[reaction]).named
    assert len(named) >= 2
    assert all(ids and set(ids) <= {request.id for request in requests} for ids in named)
    assert [codes(request) for request in requests] == undisturbed


def test_memory_may_be_taken_away_at_any_time(sampling, undisturbed):
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


def test_the_width_halves_to_one_and_grows_back_while_idle(sampling):
    pipeline = sampling.pipeline(width=4)
    assert [pipeline.shrink(), pipeline.width] == [True, 2]
    assert [pipeline.shrink(), pipeline.width] == [True, 1]
    assert not pipeline.shrink()
    for width in (2, 4, 4):
        request = sampling.request("1", "of")
        pipeline.admit(request)
        Driven(pipeline).until(1)
        assert pipeline.width == width


def test_the_width_grows_back_in_the_midst_of_a_book_too(sampling):
    pipeline = sampling.pipeline(width=2)
    assert pipeline.shrink()
    widths = set()
    for number in range(2):
        pipeline.admit(sampling.request(str(number), "of"))
    for number in range(2, 14):  # one comes for each that goes: it is never idle
        Driven(pipeline).until(1)
        pipeline.admit(sampling.request(str(number), "of"))
        widths.add(pipeline.width)
    assert widths == {1, 2}


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
def test_a_row_that_is_not_a_number_fails_and_the_others_do_not(
    sampling, undisturbed, hooked, part, attribute
):
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
    assert len(failed) == 1 and f"{part} model gave what is not a number" in failed[0].problem
    well = [request for request in requests if request.id != failed[0].id]
    assert [codes(request) for request in well] == [
        undisturbed[int(request.id)] for request in well
    ]


def test_a_row_begins_again_with_the_draws_it_had(sampling):
    request = sampling.request("1", "Hello", seed=5)
    again = copied(request)
    assert torch.equal(request.uniform(9, "fine", 0, 2), again.uniform(9, "fine", 0, 2))
    assert not torch.equal(request.uniform(9, "fine", 0, 2), request.uniform(9, "fine", 0, 3))
    assert not torch.equal(
        request.uniform(9, "semantic"), sampling.request("1", seed=6).uniform(9, "semantic")
    )

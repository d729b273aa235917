"""Where memory is short a step may be tried again, narrower or from the stage's beginning: the
rows come out the same."""

import pytest
import torch

from engines.bark.driving import codes, copied, prompt
from engines.scarcity import take_too_much
from narrated.engines.base import Failed, Progressed
from narrated.errors import OutOfMemory

TEXTS = ("Hello, my dog is cute.", "of the", "The cat [laughs].")


def rows_of(bench):
    voices = (None, prompt(1), prompt(2, seconds=2.0))
    return [bench.row(str(i), text, voices[i], seed=i) for i, text in enumerate(TEXTS)]


@pytest.fixture(scope="module")
def undisturbed(sampling):
    rows = rows_of(sampling)
    sampling.spoken(rows)
    return [codes(row) for row in rows]


def parts(module):
    """A part of each stage that is called in the midst of every step."""
    return {
        "semantic": module.semantic.layers[1].mlp,
        "coarse": module.coarse_acoustics.layers[1].mlp,
        "fine": module.fine_acoustics.layers[1].mlp,
        "codec": module.codec_model.decoder,
    }


@pytest.fixture
def failing(sampling):
    """Has a part of the model really find no memory at the calls of these numbers."""
    hooks = []

    def fail(part, calls):
        count = iter(range(1_000_000))

        def before(module, arguments):
            if next(count) in calls:
                take_too_much()

        hooks.append(parts(sampling.module)[part].register_forward_pre_hook(before))

    yield fail
    for hook in hooks:
        hook.remove()


REACTIONS = {
    "again": lambda pipeline: None,
    "release": lambda pipeline: pipeline.release(),
    "shrink": lambda pipeline: pipeline.shrink(),
}


def driven(pipeline, count, react):
    """What came out, and of whom it was said that there was no room."""
    out, named = {}, []
    while len(out) < count:
        try:
            outcomes = pipeline.step()
        except OutOfMemory as error:
            named.append(error.rows)
            react(pipeline)
            continue
        out |= {o.id: o for o in outcomes if not isinstance(o, Progressed)}
    return out, named


@pytest.mark.parametrize("reaction", REACTIONS)
@pytest.mark.parametrize("part", ["semantic", "coarse", "fine", "codec"])
def test_after_a_step_without_memory_rows_come_out_the_same(
    sampling, undisturbed, failing, part, reaction
):
    failing(part, {0, 2, 11, 27})
    rows = rows_of(sampling)
    pipeline = sampling.pipeline(width=2)
    for row in rows:
        pipeline.admit(row)
    _, named = driven(pipeline, len(rows), REACTIONS[reaction])
    assert len(named) >= 2
    assert all(ids and set(ids) <= {row.id for row in rows} for ids in named)
    assert [codes(row) for row in rows] == undisturbed


def test_memory_may_be_taken_away_at_any_time(sampling, undisturbed):
    rows = rows_of(sampling)
    pipeline = sampling.pipeline()
    for row in rows:
        pipeline.admit(row)
    out, steps = 0, 0
    while out < len(rows):
        out += sum(hasattr(outcome, "pcm") for outcome in pipeline.step())
        steps += 1
        if steps % 7 == 0:
            pipeline.release()
        if steps == 10:
            assert pipeline.shrink() and pipeline.width == 2
    assert [codes(row) for row in rows] == undisturbed


def test_the_width_halves_to_one_and_grows_back_while_idle(sampling):
    pipeline = sampling.pipeline(width=4)
    assert [pipeline.shrink(), pipeline.width] == [True, 2]
    assert [pipeline.shrink(), pipeline.width] == [True, 1]
    assert not pipeline.shrink()
    for width in (2, 4, 4):
        row = sampling.row("1", "of")
        pipeline.admit(row)
        driven(pipeline, 1, REACTIONS["again"])
        assert pipeline.width == width


def test_the_width_grows_back_in_the_midst_of_a_book_too(sampling):
    pipeline = sampling.pipeline(width=2)
    assert pipeline.shrink()
    widths = set()
    for number in range(2):
        pipeline.admit(sampling.row(str(number), "of"))
    for number in range(2, 14):  # one comes for each that goes: it is never idle
        driven(pipeline, 1, REACTIONS["again"])
        pipeline.admit(sampling.row(str(number), "of"))
        widths.add(pipeline.width)
    assert widths == {1, 2}


def test_released_memory_is_free(sampling):
    pipeline = sampling.pipeline()
    pipeline.admit(sampling.row("1", "Hello"))
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
    sampling, undisturbed, part, attribute
):
    rows = rows_of(sampling)
    pipeline = sampling.pipeline()
    for row in rows:
        pipeline.admit(row)
    count = iter(range(1_000_000))

    def spoil(module, arguments, output):
        if next(count) == 0:
            output[0] = float("nan")

    hook = sampling.module.get_submodule(attribute).register_forward_hook(spoil)
    try:
        out, _ = driven(pipeline, len(rows), REACTIONS["again"])
    finally:
        hook.remove()
    failed = [outcome for outcome in out.values() if isinstance(outcome, Failed)]
    assert len(failed) == 1 and f"{part} model gave what is not a number" in failed[0].problem
    well = [row for row in rows if row.id != failed[0].id]
    assert [codes(row) for row in well] == [undisturbed[int(row.id)] for row in well]


def test_a_row_begins_again_with_the_draws_it_had(sampling):
    row = sampling.row("1", "Hello", seed=5)
    again = copied(row)
    assert torch.equal(row.draws(9, "fine", 0, 2), again.draws(9, "fine", 0, 2))
    assert not torch.equal(row.draws(9, "fine", 0, 2), row.draws(9, "fine", 0, 3))
    assert not torch.equal(row.draws(9, "semantic"), sampling.row("1", seed=6).draws(9, "semantic"))

"""Candidates that ended come first, and another take is the next of them before a new draw."""

import pytest

from engines.speaking import came_of, sound_of
from engines.tortoise.speaking import TEXT, asked, warmed, watched
from engines.tortoise.stage_driver import close
from narrated.engines.tortoise.candidate_draws import (
    Candidate,
    CandidateDraws,
    best_first,
    usable,
)

STEADY = {"ended_first": True, "num_autoregressive_samples": 6, "max_mel_tokens": 14}
LAST = 4
"""The number of the last take that the tests ask for: it is of another draw than the first."""


def request(take=0, seed=0, **options):
    return asked(seed=seed | take, **STEADY | options)


@pytest.fixture(scope="module")
def rows(engine):
    """The rows of takes 0 to LAST of a text, by an engine that keeps what it drew."""
    with pytest.MonkeyPatch.context() as patch:
        seen = watched(engine, patch)
        spoken = []
        for take in range(LAST + 1):
            came_of(engine, request(take))
            spoken.append(seen["1"])
        return spoken


@pytest.fixture(scope="module")
def takes(rows):
    return [row.pcm for row in rows]


def ranked(driver, row):
    """A row through the second and third stage."""
    for stage in driver.stages()[:2]:
        driver.through(stage, [row])
    return row


def test_ended_beat_better_scores(driver):
    """A candidate that did not end is chosen only if none did, whatever its score."""
    chosen = []
    for number in range(6):
        row = ranked(driver, driver.row("1", TEXT, seed=number << 8, **STEADY))
        assert row.ended is (sum(row.have_ended) > 0)
        chosen.append(row.have_ended[row.scores.index(max(row.scores))])
        of_score = driver.row("1", TEXT, seed=number << 8, **STEADY | {"ended_first": False})
        assert ranked(driver, of_score).candidates == row.candidates
    assert not all(chosen)  # by the score alone some would not have ended


def test_next_take_draws_nothing(rows, takes):
    """Takes of one draw generate its candidates once, and each take sounds otherwise."""
    of_draw = [row for row in rows if row.draw == 0]
    assert len(of_draw) > 1
    assert [row.candidates[0] is None for row in of_draw] == [False] + [True] * (len(of_draw) - 1)
    assert len({tuple(row.codes) for row in of_draw}) == len(of_draw)
    assert len(set(takes)) == len(takes)


def test_kept_take_wants_no_slot(folder, context):
    """A take whose candidate is kept leaves room for others, from the beginning."""
    engine = warmed(folder, context, batch=STEADY["num_autoregressive_samples"])
    came_of(engine, request())
    for take, has_room in ((1, True), (LAST, False)):
        again = request(take)
        engine.admit(again)
        assert engine.has_room is has_room
        engine.cancel(again.id)


def test_draw_follows_the_last(rows):
    """Once no candidate is left that ended, others are drawn, and the takes go on."""
    count = sum(rows[0].have_ended)
    assert [row.draw for row in rows[: count + 1]] == [0] * count + [1]
    assert all(row.ended for row in rows)
    assert rows[count].candidates != rows[0].candidates


def test_lost_draws_change_no_take(folder, context, takes):
    """A fresh engine, without what another kept, makes the same take."""
    assert sound_of(warmed(folder, context), request(LAST)) == takes[LAST]


def test_takes_ignore_the_batch(folder, context, takes):
    """Takes of one text that are asked for at once sound as they do one by one."""
    engine, asked_for = warmed(folder, context), (LAST, 0, 1)
    requests = [request(take) for take in asked_for]
    for number, each in enumerate(requests):
        object.__setattr__(each, "id", str(number))
    together, _ = came_of(engine, *requests)
    assert all(close(each.pcm, takes[take]) for each, take in zip(together, asked_for, strict=True))


def test_first_take_needs_no_option(engine):
    """Where the best candidate ended, take 0 is that of before there was the option."""
    for number in range(8):
        steady, plain = request(seed=number << 8), request(seed=number << 8, ended_first=False)
        (one,), (other,) = came_of(engine, steady)[0], came_of(engine, plain)[0]
        if other.ended:
            assert one.pcm == other.pcm
            return
    raise AssertionError("no best candidate ended")


def test_unended_take_says_so(engine):
    """Where no candidate ends, the best is taken all the same, and told as not ended."""
    options = {"max_mel_tokens": 2, "num_autoregressive_samples": 2}
    outcomes = [came_of(engine, request(take, **options))[0][0] for take in range(2)]
    assert [(each.ended, each.tokens) for each in outcomes] == [(False, (2, 2))] * 2
    assert outcomes[0].pcm != outcomes[1].pcm


def test_short_text_is_limited(driver):
    """A short text stops at the longest speech that it may take, a long one at the model's."""
    options = {"max_mel_tokens": 500, "num_autoregressive_samples": 1, "limit_length": True}
    short, long = driver.row("1", "Yes!", **options), driver.row("2", "word " * 60, **options)
    assert short.most_codes < 100
    assert long.most_codes == 500


def test_order_of_candidates():
    """Those that ended come first, each by its score, the first of equals first."""
    assert best_first([9, 1, 5, 5, 7], [False, True, True, True, False]) == [2, 3, 1, 0, 4]
    assert (usable([False, False]), usable([True, False, True])) == (1, 2)


def test_draws_are_bounded():
    """Only the latest draws are kept, and of each the first takes."""
    draws = CandidateDraws()
    candidates = [Candidate([each], ended=True) for each in range(100)]
    for number in range(2000):
        draws.keep(number, 100, candidates)
    assert draws.get(0) is None
    last = draws.get(1999)
    assert (last.takes, len(last.best)) == (100, 8)
    assert len(draws._draws) == 512

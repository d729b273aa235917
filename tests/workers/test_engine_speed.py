"""The speed of an engine, learned from its answers."""

import pytest

from narrated.workers.engine_speed import EngineSpeed

WEIGHTS = [12.0, 30.0, 180.0, 240.0, 90.0, 200.0]


def _learned(each_s: float, character_s: float, weights: list[float]) -> EngineSpeed:
    speed = EngineSpeed()
    for weight in weights:
        speed.learn(weight, each_s + character_s * weight)
    return speed


@pytest.mark.parametrize(("each_s", "character_s"), [(2.0, 0.0), (0.0, 0.05), (1.5, 0.02)])
def test_both_parts_are_learned(each_s: float, character_s: float) -> None:
    """A fixed part for each request and one for each character are told apart."""
    learned_s = _learned(each_s, character_s, WEIGHTS).slot_seconds(100, 20_000)
    assert learned_s == pytest.approx(100 * each_s + 20_000 * character_s, rel=1e-3)


def test_few_answers_tell_nothing() -> None:
    """Nothing is told before some requests were answered: titles are short."""
    assert _learned(1.0, 0.0, [10.0, 200.0, 200.0]).slot_seconds(1, 200) is None


def test_equal_requests_give_a_ratio() -> None:
    """Requests of one length tell a time for each character."""
    assert _learned(2.0, 0.0, [100.0] * 9).slot_seconds(10, 1000) == pytest.approx(20.0)


def test_no_part_is_negative() -> None:
    """Longer requests that were faster by chance give no negative time."""
    speed = EngineSpeed()
    for weight, seconds in ((10.0, 5.0), (100.0, 4.0), (200.0, 3.0), (300.0, 2.0)):
        speed.learn(weight, seconds)
    assert (speed.slot_seconds(1, 100_000) or 0.0) > 0


def test_newer_answers_count_more() -> None:
    """An engine that became slower is soon known to be slow."""
    speed = _learned(1.0, 0.0, WEIGHTS * 50)
    for weight in WEIGHTS * 30:
        speed.learn(weight, 4.0)
    assert (speed.slot_seconds(1, 100) or 0.0) == pytest.approx(4.0, rel=0.15)

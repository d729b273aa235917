"""Rates of engines, as the ledger adds them up."""

import math
from collections.abc import Iterator
from pathlib import Path

import pytest

from narrated.ledger.store import Ledger


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    """An empty ledger."""
    found = Ledger(tmp_path / "ledger.sqlite")
    yield found
    found.close()


def _learn(ledger: Ledger, work_s: float, identity: str = "one", **options: int) -> None:
    ledger.rates.learn(("toy", "anna", options), identity, 100, 6.0, work_s)


def test_later_requests_count_more(ledger: Ledger) -> None:
    """Requests add up; those of a changed machine soon outweigh the earlier ones."""
    _learn(ledger, 1.0)
    _learn(ledger, 1.0)
    (rate,) = ledger.rates.all()
    assert rate.requests == pytest.approx(2, rel=0.01)
    assert rate.characters / rate.requests == pytest.approx(100)
    for _ in range(3000):
        _learn(ledger, 5.0)
    (rate,) = ledger.rates.all()
    assert rate.work_s / rate.requests == pytest.approx(5.0, rel=0.02)


def test_another_engine_starts_over(ledger: Ledger) -> None:
    """Another identity of an engine has rates of its own; so has another voice or option."""
    _learn(ledger, 1.0)
    _learn(ledger, 9.0, identity="two")
    _learn(ledger, 3.0, rate=200)
    found = {each.options: each.work_s for each in ledger.rates.all()}
    assert found == {"{}": 9.0, '{"rate": 200}': 3.0}


def test_loudness_is_the_mean_energy(ledger: Ledger) -> None:
    """A voice is as loud as the mean energy of its takes; silent ones do not count."""
    voice = ("toy", "anna", {})
    assert ledger.rates.loudness(voice, "one") is None
    for lufs, sound_s in ((-20.0, 30.0), (-26.0, 10.0), (None, 60.0)):
        ledger.rates.learn(voice, "one", 100, sound_s, 1.0, lufs)
    mean = 10 * math.log10((3 * 10**-2.0 + 10**-2.6) / 4)
    assert ledger.rates.loudness(voice, "one") == pytest.approx(mean, abs=0.02)


def test_another_engine_is_not_as_loud(ledger: Ledger) -> None:
    """Another identity of an engine forgets how loud it was; a rate of before tells nothing."""
    voice = ("toy", "anna", {})
    ledger.rates.learn(voice, "one", 100, 6.0, 1.0, -20.0)
    assert ledger.rates.loudness(voice, "two") is None
    ledger.rates.learn(voice, "two", 100, 6.0, 1.0)
    assert ledger.rates.loudness(voice, "two") is None

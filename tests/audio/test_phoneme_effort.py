"""The effort of texts by espeak's phonemes: how long any voice needs for them."""

from collections.abc import Iterator

import pytest

from narrated.audio.phoneme_effort import EffortMeter

HOSTILE = ["", " ", "...", "\x01\x00\x1b", "\ud800 a", "((((", "a" * 5000, "a" * 100_000]


@pytest.fixture(scope="module")
def meter() -> Iterator[EffortMeter]:
    meter = EffortMeter()
    yield meter
    meter.close()


def test_effort_follows_the_sounds(meter: EffortMeter) -> None:
    """Words that are written long and said short take less effort than their letters."""
    assert meter.effort("though", "en") < meter.effort("banana", "en") / 1.5
    once, twice = (meter.effort("The garden was quiet. " * count, "en") for count in (1, 2))
    assert twice == pytest.approx(2 * once, rel=0.05)


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("en", "The garden behind the office was quiet."),
        ("de", "Der Garten hinter dem Büro war still."),
        ("pt-BR", "O jardim atrás do escritório estava calmo."),
        ("zh", "花园很安静，人很多。"),
    ],
)
def test_effort_knows_languages(meter: EffortMeter, language: str, text: str) -> None:
    """A short sentence takes about as much effort in each language."""
    assert 20 < meter.effort(text, language) < 45


def test_unread_languages_have_none(meter: EffortMeter) -> None:
    """In a language that espeak cannot read, the effort is not known."""
    assert meter.effort("tlhIngan", "tlh") == 0
    assert meter.effort("東京は大きい", "ja") == 0


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_any_text_has_an_effort(meter: EffortMeter, text: str) -> None:
    """Whatever a chunk holds, its effort is a number, and the next one's is right."""
    assert 0 <= meter.effort(text, "en") < 10_000
    assert meter.effort("A good day.", "en") == pytest.approx(9, abs=3)

"""The line of a voice: it follows the voice, and a bad take does not spoil it."""

import random

import pytest

from narrated.audio.take_measures import TakeMeasures
from narrated.take_checks.length_line import ExpectedSound, VoiceLine, text_effort

EFFORTS = [15.0, 25.0, 40.0, 60.0, 90.0, 120.0]


def take(voiced_s: float, end_db: float = -60.0) -> TakeMeasures:
    return TakeMeasures(duration_s=voiced_s, voiced_s=voiced_s, end_db=end_db)


def spoken(count: int, pace_s: float = 0.075, start_s: float = 0.2, spoiled: int = 0) -> VoiceLine:
    """The line of a voice whose takes differ by 6 % from its own; every so many-th is bad."""
    line, drawn = VoiceLine(), random.Random(4)
    for number in range(count):
        effort = EFFORTS[number % len(EFFORTS)]
        voiced_s = (start_s + pace_s * effort) * drawn.gauss(1, 0.06)
        is_bad = spoiled and number % spoiled == 2
        line = line.learned(effort, take(3 * voiced_s if is_bad else voiced_s))
    return line


def expected(line: VoiceLine, effort: float = 50.0) -> ExpectedSound:
    return line.expected("Words.", effort)


def test_new_voice_has_wide_limits() -> None:
    """Before a voice is known, only a take that no narrator would make is bad."""
    sound = expected(VoiceLine())
    assert sound.voiced_s == pytest.approx(2.9, abs=0.3)
    assert 0.4 < sound.shorter_s / sound.voiced_s < 0.7


@pytest.mark.parametrize("pace_s", [0.04, 0.056, 0.09])
def test_line_follows_the_voice(pace_s: float) -> None:
    """After some dozen takes, a voice of any pace has its own line, with near limits."""
    sound = expected(spoken(60, pace_s))
    assert sound.voiced_s == pytest.approx(0.2 + 50 * pace_s, rel=0.03)
    assert sound.longer_s < 0.25 * sound.voiced_s


def test_bad_takes_move_little() -> None:
    """A take in ten that is three times too long moves the line by less than its limit."""
    clean, spoiled = (expected(spoken(60, spoiled=each)) for each in (0, 10))
    assert spoiled.voiced_s == pytest.approx(clean.voiced_s, rel=0.06)
    assert 0.75 * clean.longer_s < spoiled.longer_s < 2 * clean.longer_s


def test_slower_voice_is_learned() -> None:
    """A voice that is half again as slow as the usual one is not bad for ever."""
    sound = expected(spoken(12, pace_s=0.09))
    assert abs(0.2 + 50 * 0.09 - sound.voiced_s) < sound.longer_s


def test_silent_take_teaches_nothing() -> None:
    """A take without sound, and a text without words, leave the line as it is."""
    line = spoken(5)
    assert line.learned(50.0, take(0.0)) is line
    assert line.learned(0.0, take(1.0)) is line


def test_end_is_the_voices_own() -> None:
    """A voice that always ends in silence is held to that; one that never does is not."""
    soft, loud = VoiceLine(), VoiceLine()
    for number in range(20):
        soft = soft.learned(50.0, take(3.0, -60.0 - number % 5))
        loud = loud.learned(50.0, take(3.0, -12.0 - number % 5))
    assert expected(soft).end_db == -35
    assert expected(loud).end_db == -8


@pytest.mark.parametrize("text", ["东京很大。", "東京はとても大きいです。"])
def test_wide_letters_are_syllables(text: str) -> None:
    """A letter of Chinese or Japanese takes as long as a syllable does."""
    assert 2.5 * len(text) < text_effort(text) < 5 * len(text)


def test_spelled_letters_widen_limits() -> None:
    """Voices spell at their own pace, or say "C P U" as a word: such a text has more room."""
    line = spoken(60)
    plain, spelled = (
        line.expected(text, 40.0) for text in ("So see it here.", "So C P U is here.")
    )
    assert spelled.shorter_s - plain.shorter_s == pytest.approx(0.3, abs=0.01)

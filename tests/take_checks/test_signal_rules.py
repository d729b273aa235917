"""Faults by measures alone: what is wrong, and the quirks of voices that are not."""

import pytest

from narrated.audio.take_measures import TakeMeasures
from narrated.take_checks.length_line import ExpectedSound, VoiceLine, text_effort
from narrated.take_checks.signal_rules import signal_faults
from narrated.take_checks.verdict import FaultKind

EXPECTED = ExpectedSound(voiced_s=4.0, shorter_s=0.8, longer_s=0.8)
GOOD = {"duration_s": 4.5, "voiced_s": 4.0, "end_db": -60.0, "peak_db": -3.0}
FAULTS: dict[FaultKind, dict[str, object]] = {
    FaultKind.NOTHING_HEARD: {"voiced_s": 0.0},
    FaultKind.TOO_SHORT: {"voiced_s": 3.1},
    FaultKind.TOO_LONG: {"voiced_s": 4.9},
    FaultKind.INNER_SILENCE: {"silences_s": (0.7,)},
    FaultKind.TRAILING_SILENCE: {"trailing_silence_s": 1.5},
    FaultKind.NOISE: {"noise_s": 0.3},
    FaultKind.CLIPPED: {"clipped": 0.005},
    FaultKind.CUT_OFF: {"end_db": -3.0},
}
QUIRKS: list[dict[str, object]] = [
    {"voiced_s": 4.7},
    {"silences_s": (0.55,)},
    {"trailing_silence_s": 1.25},  # Pico's Italian voice
    {"noise_s": 0.1},
    {"clipped": 0.001},
    {"end_db": -10.5},  # espeak's
]


def measures(**other: object) -> TakeMeasures:
    return TakeMeasures(**{**GOOD, **other})  # type: ignore[arg-type]


@pytest.mark.parametrize("kind", FAULTS)
def test_each_fault_is_found(kind: FaultKind) -> None:
    """Each kind of fault is found by its own measure, alone."""
    assert [each.kind for each in signal_faults(measures(**FAULTS[kind]), EXPECTED)] == [kind]


@pytest.mark.parametrize("quirk", QUIRKS, ids=[next(iter(each)) for each in QUIRKS])
def test_quirks_are_no_faults(quirk: dict[str, object]) -> None:
    """What good voices do is no fault."""
    assert signal_faults(measures(**quirk), EXPECTED) == ()


def test_engines_word_is_a_fault() -> None:
    """A take that did not end is bad by its engine's word; one that cannot tell is not."""
    (fault,) = signal_faults(measures(), EXPECTED, ended=False)
    assert fault.kind is FaultKind.NOT_ENDED
    assert signal_faults(measures(), EXPECTED, ended=True) == ()
    assert signal_faults(measures(), EXPECTED, ended=None) == ()


def test_pauses_of_the_text_are_allowed() -> None:
    """Between two sentences a voice may be silent for longer, once for each such place."""
    text = "The disk was full, and we knew. By noon we had learned to count files."
    expected = VoiceLine().expected(text, text_effort(text))
    spoken = measures(voiced_s=expected.voiced_s, silences_s=(0.8, 0.5))
    assert signal_faults(spoken, expected) == ()
    twice = measures(voiced_s=expected.voiced_s, silences_s=(0.8, 0.8))
    assert [each.kind for each in signal_faults(twice, expected)] == [FaultKind.INNER_SILENCE]


def test_nothing_is_wrong_with_silence() -> None:
    """Of a text without words, silence is expected."""
    assert signal_faults(TakeMeasures(duration_s=0.3), None) == ()

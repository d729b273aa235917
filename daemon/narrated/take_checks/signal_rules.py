"""The faults of a take by its measures: no word of it is known."""

from collections.abc import Iterator
from itertools import zip_longest

from narrated.audio.take_measures import TakeMeasures
from narrated.take_checks.length_line import ExpectedSound
from narrated.take_checks.verdict import Fault, FaultKind

LONGEST_PAUSE_S = 0.6
"""Inside a sentence, where the text has no sign for one."""
LONGEST_TRAIL_S = 1.4
"""Pico's Italian voice ends with 1.2 s of silence, in each take; it is cut anyway."""
LONGEST_NOISE_S = 0.2
MOST_CLIPPED = 0.004

_LEAST_VOICED_S = 0.05


def signal_faults(
    measures: TakeMeasures, expected: ExpectedSound | None, ended: bool | None = None
) -> tuple[Fault, ...]:
    """Return the faults of a take by its sound.

    `expected` is None if the text has nothing to say. `ended` is the engine's own word: None if it
    cannot tell.
    """
    if expected is not None and measures.voiced_s < _LEAST_VOICED_S:
        return (Fault(FaultKind.NOTHING_HEARD),)
    found = [*_faults_of_sound(measures)]
    if expected is not None:
        found = [*_faults_of_length(measures, expected), *found]
    if ended is False:
        found.append(Fault(FaultKind.NOT_ENDED))
    return tuple(found)


def _faults_of_length(measures: TakeMeasures, expected: ExpectedSound) -> Iterator[Fault]:
    beyond_s = measures.voiced_s - expected.voiced_s
    if beyond_s > expected.longer_s:
        yield Fault(FaultKind.TOO_LONG, round(beyond_s, 2))
    if -beyond_s > expected.shorter_s:
        yield Fault(FaultKind.TOO_SHORT, round(-beyond_s, 2))
    if measures.silences_s and (silence_s := _unexplained_s(measures, expected)):
        yield Fault(FaultKind.INNER_SILENCE, round(silence_s, 2))
    if measures.end_db > expected.end_db:
        yield Fault(FaultKind.CUT_OFF, round(measures.end_db, 1))


def _unexplained_s(measures: TakeMeasures, expected: ExpectedSound) -> float:
    """The longest silence that is no pause of the text; 0 if there is none.

    The longest silence may be the text's longest pause, the next one its next.
    """
    allowed = expected.pauses_s[: len(measures.silences_s)]
    pairs = zip_longest(measures.silences_s, allowed, fillvalue=LONGEST_PAUSE_S)
    return max((silence_s for silence_s, most_s in pairs if silence_s > most_s), default=0.0)


def _faults_of_sound(measures: TakeMeasures) -> Iterator[Fault]:
    if measures.trailing_silence_s > LONGEST_TRAIL_S:
        yield Fault(FaultKind.TRAILING_SILENCE, round(measures.trailing_silence_s, 2))
    if measures.noise_s > LONGEST_NOISE_S:
        yield Fault(FaultKind.NOISE, round(measures.noise_s, 2))
    if measures.clipped > MOST_CLIPPED:
        yield Fault(FaultKind.CLIPPED, round(measures.clipped, 4))

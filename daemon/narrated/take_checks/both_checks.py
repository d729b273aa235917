"""The faults of a take by its sound and by what was heard, where one corrects the other."""

from narrated.take_checks.heard_words import HeardWords
from narrated.take_checks.verdict import Fault, FaultKind

MOST_DISTANCE_OF_ALL_WORDS = 0.05
"""All words are heard if so few letters are heard otherwise."""
MOST_ODD_LENGTH_S = 0.9
"""Beyond this, something is in the take that ears pass over, as Whisper does when words are said
twice, or is missing that they guess."""

_LENGTHS = (FaultKind.TOO_LONG, FaultKind.TOO_SHORT)


def faults_of_both(by_sound: tuple[Fault, ...], heard: HeardWords) -> tuple[Fault, ...]:
    """Unite the faults; an odd length is none if all words are heard, and no others."""
    is_heard = not heard.faults and heard.distance <= MOST_DISTANCE_OF_ALL_WORDS
    kept = (fault for fault in by_sound if not (is_heard and _is_odd_length(fault)))
    return (*kept, *heard.faults)


def _is_odd_length(fault: Fault) -> bool:
    return fault.kind in _LENGTHS and abs(fault.amount) <= MOST_ODD_LENGTH_S

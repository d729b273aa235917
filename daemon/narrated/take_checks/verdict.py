"""Verdicts on takes: the faults that a check found, and their order from best to worst."""

from enum import StrEnum

import msgspec

from narrated.take_checks.wrong_words import WrongWords

RULES_VERSION = 1
"""Another number when the rules find other faults: then takes are checked again."""


class FaultKind(StrEnum):
    """The ways in which a take can be wrong."""

    NOTHING_HEARD = "nothing_heard"  # it is silent
    TOO_SHORT = "too_short"  # shorter than this voice needs for the words
    TOO_LONG = "too_long"  # longer than this voice needs for the words
    INNER_SILENCE = "inner_silence"  # it stops amid its words
    TRAILING_SILENCE = "trailing_silence"  # it goes on after its words, silently
    NOISE = "noise"  # a stretch of it is loud and no voice
    CLIPPED = "clipped"  # many samples stand at the top
    CUT_OFF = "cut_off"  # it is loud at its very end
    NOT_ENDED = "not_ended"  # its engine ran out of steps before it came to an end
    WORDS_ADDED = "words_added"  # a run of words is heard that is not in the text
    WORDS_MISSING = "words_missing"  # a run of words of the text is not heard
    MISHEARD = "misheard"  # too many letters are heard otherwise


_WEIGHTS = {
    FaultKind.NOTHING_HEARD: 20.0,
    FaultKind.WORDS_MISSING: 6.0,
    FaultKind.TOO_SHORT: 5.0,
    FaultKind.WORDS_ADDED: 4.0,
    FaultKind.NOISE: 4.0,
    FaultKind.TOO_LONG: 3.0,
    FaultKind.MISHEARD: 3.0,
    FaultKind.NOT_ENDED: 2.0,
    FaultKind.CUT_OFF: 2.0,
    FaultKind.CLIPPED: 2.0,
    FaultKind.INNER_SILENCE: 1.0,
    FaultKind.TRAILING_SILENCE: 1.0,
}
"""The weight of a fault: lost words most, a pause least."""
_MOST_AMOUNT = 10.0


class Fault(msgspec.Struct, frozen=True):
    """One thing that is wrong with a take."""

    kind: FaultKind
    amount: float = 0.0
    """Seconds, words or a share, as the kind has it."""

    @property
    def badness(self) -> float:
        """Its share in the badness of a verdict; of two equal kinds, the larger amount is worse."""
        return _WEIGHTS[self.kind] + min(abs(self.amount), _MOST_AMOUNT) / _MOST_AMOUNT


class Verdict(msgspec.Struct, frozen=True):
    """The findings on one take."""

    faults: tuple[Fault, ...] = ()
    heard: str = ""
    """The words that a hearing model heard; empty if none listened."""
    distance: float = 0.0
    """Letter distance of the heard from the said words, as a share; 0 if nobody listened."""
    hearing: str = ""
    """The identity of the hearing engine; empty if the sound alone was checked."""
    wrong: tuple[WrongWords, ...] = ()
    """The places at which other words were heard; none if they are too many or not known."""

    @property
    def is_good(self) -> bool:
        """True if the check found no fault."""
        return not self.faults

    @property
    def badness(self) -> float:
        """Orders takes: the best has the lowest."""
        return sum(fault.badness for fault in self.faults) + self.distance

    def encode(self) -> bytes:
        """Encode for the ledger."""
        return msgspec.json.encode(self)


def decode_verdict(content: bytes) -> Verdict:
    """Decode a verdict from the ledger. Errors: msgspec.ValidationError."""
    return msgspec.json.decode(content, type=Verdict)

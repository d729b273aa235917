"""The faults by sound and by ears together."""

from narrated.take_checks.both_checks import faults_of_both
from narrated.take_checks.heard_words import HeardWords
from narrated.take_checks.verdict import Fault, FaultKind

LONG = Fault(FaultKind.TOO_LONG, 0.6)
NOISE = Fault(FaultKind.NOISE, 0.6)
LOST = Fault(FaultKind.WORDS_MISSING, 2)


def test_heard_words_excuse_a_length():
    """A take of which each word was heard, and no other, is not too long; but it has its noise."""
    assert faults_of_both((LONG, NOISE), HeardWords(distance=0.04)) == (NOISE,)


def test_far_lengths_are_not_excused():
    """Ears pass over a mumbled tail of seconds, and guess the end of a sentence."""
    very_long = Fault(FaultKind.TOO_LONG, 2.5)
    assert faults_of_both((very_long,), HeardWords()) == (very_long,)


def test_misheard_words_excuse_nothing():
    """If words were misheard, the length counts as well."""
    assert faults_of_both((LONG,), HeardWords((LOST,), 0.3)) == (LONG, LOST)
    assert faults_of_both((LONG,), HeardWords(distance=0.2)) == (LONG,)

"""The choice among the takes of one text: the best of them, and whether it counts as good."""

from collections.abc import Collection, Mapping
from typing import NamedTuple

from narrated.take_checks.verdict import FaultKind, Verdict
from narrated.take_checks.wrong_words import faults_are_heard_in

_OF_EARS = frozenset({FaultKind.WORDS_ADDED, FaultKind.WORDS_MISSING, FaultKind.MISHEARD})
"""The faults that only a hearing model finds, and so may be its own."""


class TakeChoice(NamedTuple):
    """The best of some takes."""

    take: int
    is_accepted: bool
    """True if it has faults and still counts as good: all takes are misheard alike."""


def best_take(verdicts: Mapping[int, Verdict]) -> TakeChoice:
    """Choose among takes by their verdicts; of two that are equal, the one that was tried first.

    If a model hears the same wrong words in takes of different sound, the words are right, and the
    model is wrong. Words that it hears rightly say nothing: other takes have them as well.
    """
    best = min(verdicts, key=lambda take: verdicts[take].badness)
    return TakeChoice(best, _are_misheard_alike(verdicts.values(), verdicts[best]))


def _are_misheard_alike(verdicts: Collection[Verdict], best: Verdict) -> bool:
    """True if nothing is wrong with the best but its words, and the others have the same ones."""
    if best.is_good or not _is_misheard(best):
        return False
    misheard = [each for each in verdicts if _is_misheard(each)]
    return len(misheard) > 1 and all(_are_alike(best, each) for each in misheard)


def _is_misheard(verdict: Verdict) -> bool:
    """True if a hearing model found all the faults of a take, and heard something at all."""
    kinds = {fault.kind for fault in verdict.faults}
    return bool(kinds and kinds <= _OF_EARS and verdict.heard)


def _are_alike(best: Verdict, other: Verdict) -> bool:
    """True if the other has the wrong words of the best, in the same places."""
    if best.heard.casefold().split() == other.heard.casefold().split():
        return True
    return faults_are_heard_in(other.wrong, best.wrong)

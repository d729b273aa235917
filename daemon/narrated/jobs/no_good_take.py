"""The error of a post that is to have good takes only, and has a chunk without one."""

from narrated.errors import NarratedError
from narrated.reading.take_settings import MOST_TAKES
from narrated.take_checks.fault_sentences import fault_sentence
from narrated.take_checks.verdict import Verdict

_SHOWN_CHARACTERS = 80


class NoGoodTake(NarratedError):
    """No take of a chunk is good, and its post is to fail then."""


def no_good_take(text: str, best: Verdict, takes: int, *, most: int, varies: bool) -> NoGoodTake:
    """Build the error of a chunk of which so many takes were tried, with the remedies it has.

    `varies`: its engine has other takes.
    """
    shown = text if len(text) <= _SHOWN_CHARACTERS else f"{text[:_SHOWN_CHARACTERS]}…"
    faults = "; ".join(map(fault_sentence, best.faults))
    tried = f"{takes} times, and no take is good. The best one"
    spoken = "once, and its take is not good" if takes == 1 else tried
    alike = "" if varies else " Its voice says the same words the same way every time."
    return NoGoodTake(
        f"“{shown}” was spoken {spoken}: {faults}.{alike}",
        "Change these words, or how they are said in a `lexicon.yaml`. `takes: {strict: off}` "
        f"publishes the best take{_further_takes(takes, most, varies)}",
    )


def _further_takes(takes: int, most: int, varies: bool) -> str:
    """Say how the chunk may get other takes, as the end of a sentence."""
    if not varies or takes >= MOST_TAKES:
        return "."
    if takes < most:
        return ". Another take could not be spoken now: `narrated retry FILE` tries again."
    return ", and `most` allows more takes."

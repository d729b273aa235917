"""Faults of takes in plain sentences, for status, history, manifest readers and notes."""

from collections.abc import Callable

from narrated.take_checks.verdict import Fault, FaultKind


def fault_sentence(fault: Fault) -> str:
    """Say what is wrong with a take, as the end of a sentence: "it stops for 2.1 s inside"."""
    return _SENTENCES[fault.kind](fault.amount)


def _words(count: float) -> str:
    return "1 word" if round(count) == 1 else f"{round(count)} words"


_SENTENCES: dict[FaultKind, Callable[[float], str]] = {
    FaultKind.NOTHING_HEARD: lambda _: "nothing is heard",
    FaultKind.TOO_SHORT: lambda s: f"it is {abs(s):.1f} s too short for its words",
    FaultKind.TOO_LONG: lambda s: f"it is {abs(s):.1f} s too long for its words",
    FaultKind.INNER_SILENCE: lambda s: f"it stops for {s:.1f} s inside",
    FaultKind.TRAILING_SILENCE: lambda s: f"it ends with {s:.1f} s of silence",
    FaultKind.NOISE: lambda s: f"it has {s:.1f} s of noise",
    FaultKind.CLIPPED: lambda share: f"{share:.1%} of its samples are clipped",
    FaultKind.CUT_OFF: lambda _: "it breaks off in the middle of a sound",
    FaultKind.NOT_ENDED: lambda _: "the engine ran out of steps before its end",
    FaultKind.WORDS_ADDED: lambda count: f"{_words(count)} too many are heard",
    FaultKind.WORDS_MISSING: lambda count: f"{_words(count)} are not heard",
    FaultKind.MISHEARD: lambda share: f"{share:.0%} of its letters are heard otherwise",
}

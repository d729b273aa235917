"""Runs patterns in `re` within a limit of time: backtracking may be endless over a short text."""

import re
import signal
import time
from types import FrameType

from narrated.errors import NarratedError, SourceTookTooLong

LIMIT_S = 1.0
"""CPU time that the patterns of one source may take in `re`, all together."""
_CHARACTER_S = 2e-6
"""More time for each character that a pattern is run on: more than one takes that does not
backtrack, so a book under such a pattern does not reach the limit."""


class NeedsBacktracking(NarratedError):
    """A pattern needs `re`, and this parser may not run it: another one is kept for that."""


class RegexRunner:
    """Runs patterns in `re` for as long as they take."""

    def sub(self, pattern: re.Pattern[str], say: str, text: str, where: str) -> str:
        """Replace all matches; `where` names the pattern to the user."""
        return pattern.sub(say, text)


class RefusingRegexRunner(RegexRunner):
    """Runs no pattern in `re`."""

    def sub(self, pattern: re.Pattern[str], say: str, text: str, where: str) -> str:
        """Raise NeedsBacktracking."""
        raise NeedsBacktracking(f"{where} needs `re`.")


class TimeLimitedRegexRunner(RegexRunner):
    """Ends a pattern once all of them together have taken `limit_s` of CPU time.

    Only for the main thread of a process: `re` looks for signals while it backtracks.
    """

    def __init__(self, limit_s: float = LIMIT_S) -> None:
        self._limit_s = self._left_s = limit_s
        self._where = ""
        signal.signal(signal.SIGPROF, self._end)

    def sub(self, pattern: re.Pattern[str], say: str, text: str, where: str) -> str:
        """Replace all matches. Raises SourceTookTooLong when the time is up."""
        self._where = where
        self._left_s += _CHARACTER_S * len(text)
        begin_s = time.process_time()
        signal.setitimer(signal.ITIMER_PROF, max(self._left_s, 0.001))
        try:
            return pattern.sub(say, text)
        finally:
            signal.setitimer(signal.ITIMER_PROF, 0)
            self._left_s -= time.process_time() - begin_s

    def _end(self, _number: int, _frame: FrameType | None) -> None:
        raise SourceTookTooLong(
            f"{self._where} took longer than {self._limit_s:g} s on this file, and was ended.",
            "It needs look-around, a back reference, or a match of nothing, so its time has no "
            "bound. Write it without, or without repeats inside repeats.",
        )

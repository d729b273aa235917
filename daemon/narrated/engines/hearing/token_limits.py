"""Bounds of what Whisper writes: it repeats itself for ever if it loses the thread."""

import math
from collections.abc import Sequence

_TOKENS_A_SECOND = 25
"""Speech has 3 to 8, and three times as many in letters that take several tokens each."""
_LEAST_TOKENS = 24
_LONGEST_PERIOD = 8
_LOOPED_TOKENS = 24
_LOOPS = 8


def most_tokens(duration_s: float) -> int:
    """Most tokens of a sound: no speech has more."""
    return _LEAST_TOKENS + math.ceil(_TOKENS_A_SECOND * duration_s)


def is_loop(tokens: Sequence[int]) -> bool:
    """True if the tokens end in one phrase, said eight times and longer than speech does it."""
    return any(_repeats(tokens, period) for period in range(1, _LONGEST_PERIOD + 1))


def _repeats(tokens: Sequence[int], period: int) -> bool:
    looped = max(_LOOPED_TOKENS, _LOOPS * period)
    if len(tokens) < looped:
        return False
    tail = tokens[-looped:]
    return tail[period:] == tail[:-period]

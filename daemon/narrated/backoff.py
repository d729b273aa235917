"""Delays between retries."""

LEDGER_RETRY_S = 2.0
"""Pause before something that the ledger refused is tried again."""


class Backoff:
    """Doubles the delay with each retry, up to `longest_s`; without one, all delays are equal."""

    def __init__(self, first_s: float, longest_s: float | None = None) -> None:
        self._first_s = self._next_s = first_s
        self._longest_s = first_s if longest_s is None else longest_s

    def next_s(self) -> float:
        """Return the seconds to wait before the next retry."""
        delay_s = self._next_s
        self._next_s = min(2 * delay_s, self._longest_s)
        return delay_s

    def reset(self) -> None:
        """Start over with the first delay."""
        self._next_s = self._first_s

"""Scan interval: proportional to the last scan's cost; immediate on request; short after loss."""

import time

_SHARE_WATCHED = 0.002
_SHARE_UNWATCHED = 0.05
_SHARE_AFTER_LOSS = 0.2


class ScanInterval:
    """Spaces full scans so that they cost a small share of one core."""

    def __init__(self, scan_s: float) -> None:
        self.due_s = 0.0
        self._scan_s = scan_s
        self._ended_s = 0.0
        self._cost_s = 0.0
        self._lossy = False

    def begin(self) -> None:
        """Record that a scan begins: it may miss changes that are lost from now on."""
        self._lossy = False

    def end(self, cost_s: float, watched: bool) -> None:
        """Record a scan's processor time, and schedule the next; less often if `watched`."""
        self._ended_s, self._cost_s = time.monotonic(), cost_s
        share = _SHARE_WATCHED if watched else _SHARE_UNWATCHED
        self.due_s = self._ended_s + max(self._scan_s, cost_s / share)
        if self._lossy:
            self.shorten()

    def shorten(self) -> None:
        """Scan soon, because an event was lost; many losses still leave most of a core free."""
        self._lossy = True
        self.due_s = min(self.due_s, self._ended_s + self._cost_s / _SHARE_AFTER_LOSS)

    def scan_now(self) -> None:
        """Make a scan due at once."""
        self._lossy = True
        self.due_s = 0.0

    def is_due(self) -> bool:
        """True if a scan is due."""
        return time.monotonic() >= self.due_s

"""When to walk: as rarely as walking is dear, at once where somebody asks, soon where in doubt."""

import time

_SHARE_WATCHING = 0.002
_SHARE_ALONE = 0.05
_SHARE_IN_DOUBT = 0.2


class ScanInterval:
    """Spaces complete walks so that they cost a small share of one core."""

    def __init__(self, scan_s: float) -> None:
        self.due_s = 0.0
        self._scan_s = scan_s
        self._ended_s = 0.0
        self._cost_s = 0.0
        self._doubted = False

    def begin(self) -> None:
        """A walk begins: what is doubted from now on, it may not answer."""
        self._doubted = False

    def end(self, cost_s: float, alone: bool) -> None:
        """A walk ended and took so much processor time; `alone`: nothing else finds changes."""
        self._ended_s, self._cost_s = time.monotonic(), cost_s
        share = _SHARE_ALONE if alone else _SHARE_WATCHING
        self.due_s = self._ended_s + max(self._scan_s, cost_s / share)
        if self._doubted:
            self.doubt()

    def doubt(self) -> None:
        """Something was missed: walk soon, but in a flood of doubts not all the time."""
        self._doubted = True
        self.due_s = min(self.due_s, self._ended_s + self._cost_s / _SHARE_IN_DOUBT)

    def hasten(self) -> None:
        """Walk now."""
        self._doubted = True
        self.due_s = 0.0

    def is_due(self) -> bool:
        """Tell whether it is time."""
        return time.monotonic() >= self.due_s

"""The box's clock, which may be set: ages that things hang on are kept as they are."""

import logging
import time

from narrated.jobs.ingest import MOVE_WINDOW_S
from narrated.ledger.host_state import RUNNING
from narrated.ledger.store import Ledger

STEP_S = 2.0
"""What the clock may be off by before it counts as set."""
MARK_S = 3600.0

log = logging.getLogger("narrated")


class ClockAdjustment:
    """Counts how long a source is gone only while a daemon runs, whatever the clock is set to.

    The ledger's times are those of the clock. Where that is set, they are moved along; and at a
    start by all the time that no daemon ran, since nobody can tell that from a clock set ahead.
    """

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self._wall_s, self._passed_s = time.time(), time.monotonic()
        self._marked_s = self._passed_s

    def start(self) -> None:
        """Take the ages over from the daemon that ran last. Errors: StorageError."""
        self._wall_s, self._passed_s = time.time(), time.monotonic()
        marked = self._ledger.marked(RUNNING)
        with self._ledger.transaction():
            if marked is not None:
                self._ledger.shift(self._wall_s - marked, MOVE_WINDOW_S)
            self._ledger.mark(RUNNING, self._wall_s)

    def mark(self) -> None:
        """Leave word of when it is, whether or not it was set. Errors: StorageError."""
        self.turn()
        self._ledger.mark(RUNNING, time.time())

    def turn(self) -> None:
        """See whether it was set since the last turn; StorageError, and the next turn sees it."""
        wall_s, passed_s = time.time(), time.monotonic()
        step_s = (wall_s - self._wall_s) - (passed_s - self._passed_s)
        is_set = abs(step_s) > STEP_S
        if not is_set and passed_s - self._marked_s < MARK_S:
            return
        with self._ledger.transaction():
            if is_set:
                self._ledger.shift(step_s, MOVE_WINDOW_S)
            self._ledger.mark(RUNNING, wall_s)
        if is_set:
            log.warning("the clock was set by %+.0f s", step_s)
        self._wall_s, self._passed_s, self._marked_s = wall_s, passed_s, passed_s

    def stop(self) -> None:
        """Leave word of when it was. Errors: StorageError."""
        self._ledger.mark(RUNNING, time.time())

"""Keeps the ledger's ages right when the host's clock is set."""

import logging
import time

from narrated.jobs.ingest import MOVE_WINDOW_S
from narrated.ledger.host_state import RUNNING
from narrated.ledger.store import Ledger

STEP_S = 2.0
"""A clock that is off by more than this was set."""
RECORD_S = 3600.0

log = logging.getLogger("narrated")


class ClockAdjustment:
    """Counts the age of a deleted source only while a daemon runs, however the clock is set.

    The ledger's times are wall-clock times. If the clock is set, they are shifted with it. At a
    start they are shifted by all the time without a daemon, since nothing distinguishes that from
    a clock that was set ahead.
    """

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self._wall_s, self._monotonic_s = time.time(), time.monotonic()
        self._recorded_s = self._monotonic_s

    def start(self) -> None:
        """Shift the ledger's times by the time without a daemon. Errors: StorageError."""
        self._wall_s, self._monotonic_s = time.time(), time.monotonic()
        recorded = self._ledger.host.recorded_time(RUNNING)
        with self._ledger.transaction():
            if recorded is not None:
                self._ledger.sources.shift_times(self._wall_s - recorded, MOVE_WINDOW_S)
            self._ledger.host.record_time(RUNNING, self._wall_s)

    def record(self) -> None:
        """Check the clock, and record the time whether or not it was set. Errors: StorageError."""
        self.check()
        self._ledger.host.record_time(RUNNING, time.time())

    def check(self) -> None:
        """Shift the ledger's times if the clock was set; after a StorageError, check again."""
        wall_s, monotonic_s = time.time(), time.monotonic()
        step_s = (wall_s - self._wall_s) - (monotonic_s - self._monotonic_s)
        is_set = abs(step_s) > STEP_S
        if not is_set and monotonic_s - self._recorded_s < RECORD_S:
            return
        with self._ledger.transaction():
            if is_set:
                self._ledger.sources.shift_times(step_s, MOVE_WINDOW_S)
            self._ledger.host.record_time(RUNNING, wall_s)
        if is_set:
            log.warning("the clock was set by %+.0f s", step_s)
        self._wall_s, self._monotonic_s, self._recorded_s = wall_s, monotonic_s, monotonic_s

    def stop(self) -> None:
        """Record the time of the daemon's end. Errors: StorageError."""
        self._ledger.host.record_time(RUNNING, time.time())

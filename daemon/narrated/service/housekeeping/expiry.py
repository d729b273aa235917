"""Withdraws narrations of deleted sources, and prunes the ledger, after `withdraw_after`."""

import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from narrated.backoff import Backoff
from narrated.config.values import Config
from narrated.errors import StorageError
from narrated.jobs.ingest import Ingest
from narrated.jobs.narration_removal import NarrationRemoval
from narrated.ledger.job import Job
from narrated.ledger.pruning import prune_in_slices
from narrated.ledger.store import Ledger
from narrated.service.housekeeping.duty import Duty
from narrated.service.housekeeping.host_checks import ClockAdjustment

FORGET_S = 60.0
"""Shortest pause between two searches of the whole ledger."""
SLICE_PAUSE_S = 0.02
REFUSED_S, LONGEST_S = 2.5, 60.0
"""First and longest pause after a withdrawal that the storage refused."""


@dataclass(eq=False)
class DueWithdrawals(Duty):
    """Withdraws a narration once its source has been gone for `withdraw_after`."""

    _config: Callable[[], Config]  # returns the configuration in force
    _ingest: Ingest
    _removal: NarrationRemoval
    _clock: ClockAdjustment
    _last: tuple[float, str] | None = None
    """The place where the next turn goes on; None for the beginning."""

    def __post_init__(self) -> None:
        self._backoff = Backoff(REFUSED_S, LONGEST_S)
        self._was_refused = False  # since the last beginning

    async def turn(self) -> float | None:
        """Withdraw the next few that are due. Errors: StorageError."""
        self.retry_s = None
        config = self._config()
        if config.removed != "withdraw":
            return None
        self._clock.check()  # ages must not count the seconds by which a clock was just set
        after_s = float(config.withdraw_after)
        jobs, self._last = self._ingest.withdraw_due(after_s, self._last)
        await self._withdraw_each(jobs)
        if self._last is not None:
            return 0.0
        if not self._was_refused:
            self._backoff.reset()
        self._was_refused = False
        return None

    async def _withdraw_each(self, jobs: Iterable[Job]) -> None:
        """Withdraw these; one that is refused holds up no other, and its error is raised last."""
        refused = None
        for job in jobs:
            try:
                await self._removal.withdraw(job)
            except StorageError as error:
                refused = error
        if refused is not None:
            self._was_refused = self._last is not None
            self.retry_s = self._backoff.next_s()
            raise refused


@dataclass(eq=False)
class LedgerPruning(Duty):
    """Prunes the ledger, which would grow for ever, at most once a minute."""

    _config: Callable[[], Config]
    _ledger: Ledger
    _is_first: bool = True
    _slices: Iterator[None] | None = None
    """The rest of the round under way."""

    async def turn(self) -> float:
        """Prune the next slice, except at the start. Errors: StorageError."""
        keep_s = float(self._config().withdraw_after)
        self.retry_s = max(keep_s, FORGET_S)
        if self._is_first:
            self._is_first = False
            return FORGET_S
        self._slices = self._slices or prune_in_slices(self._ledger, time.time(), keep_s)
        for _ in self._slices:
            return SLICE_PAUSE_S
        self._slices = None
        return self.retry_s

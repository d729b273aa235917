"""Keeps the breaks: holds requests back, unloads the workers, and goes on afterwards."""

import logging
from dataclasses import dataclass

import msgspec

from narrated.service.housekeeping.duty import Duty
from narrated.service.work_breaks import BreakChange, WorkBreak, WorkBreaks
from narrated.workers.pool import WorkerPool, WorkerState
from narrated.workers.request_dispatch import Scheduler

log = logging.getLogger("narrated")


@dataclass(eq=False)
class BreakKeeping(Duty):
    """Follows `narrated pause` and `hours`, once a second and after each command."""

    _breaks: WorkBreaks
    _scheduler: Scheduler
    _pool: WorkerPool
    is_kept: bool = False
    """False for `narrated once` and one-off commands: somebody wants the work done now."""
    current: WorkBreak | None = None
    """The break that is kept; None while the engines work."""

    async def turn(self) -> None:
        """Begin or end a break if it is time. Errors: StorageError."""
        if self._breaks.forget_ended():
            log.info("the pause has ended")
        self.follow()

    def follow(self) -> None:
        """Have scheduler and workers follow the break that lasts now. Errors: StorageError."""
        before, now = self.current, self._breaks.current() if self.is_kept else None
        self.current = now
        if now is not None:
            self._scheduler.hold(now.refusal)
        elif before is not None:
            self._scheduler.release()
        self._unload(now is not None and now.unloads)
        if str(before or "") != str(now or ""):
            log.info("%s", now or "the engines work again")

    def pause(self, duration_s: float | None, *, unload: bool) -> BreakChange:
        """Begin a pause at once. Errors: StorageError."""
        return self._changed(self._breaks.pause(duration_s, unload=unload))

    def resume(self) -> BreakChange:
        """End the pause at once. Errors: StorageError."""
        return self._changed(self._breaks.resume())

    @property
    def lasting(self) -> str:
        """The break that is kept as a sentence, with what is still to be finished; or empty."""
        if self.current is None:
            return ""
        workers = self._pool.states()
        if busy := sum(each.in_flight for each in workers):
            return f"{self.current}; requests still in flight: {busy}"
        if self.is_unloaded:
            return f"{self.current}; the models are unloaded"
        return str(self.current)

    @property
    def is_unloaded(self) -> bool:
        """True once every worker has ended for a break."""
        workers = self._pool.states()
        unloads = self.current is not None and self.current.unloads
        return unloads and all(each.state is WorkerState.UNLOADED for each in workers)

    def _unload(self, unloads: bool) -> None:
        if unloads and not self._pool.is_suspended:
            self._pool.suspend()
        elif self._pool.is_suspended and not unloads:
            self._pool.wake()

    def _changed(self, change: BreakChange) -> BreakChange:
        self.follow()
        return msgspec.structs.replace(change, is_kept=self.is_kept)

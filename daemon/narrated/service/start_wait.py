"""Tells why a start waits, while the daemon does not answer its socket yet."""

import logging
from dataclasses import dataclass

import msgspec

from narrated.service.state_lock import LockHolder, StateLock
from narrated.systemd_notify import ServiceNotifier

log = logging.getLogger("narrated")


@dataclass(eq=False)
class StartWait:
    """Tells systemd, the journal, and `narrated status`, which reads the lock's file."""

    _notifier: ServiceNotifier
    _lock: StateLock
    _holder: LockHolder
    _told: str = ""

    def __call__(self, problem: str) -> None:
        """Tell the problem that a start waits for; an empty one when it goes on."""
        if problem == self._told:
            return
        self._told = problem
        self._notifier.status(f"starting: {problem}" if problem else "starting")
        self._lock.tell(msgspec.structs.replace(self._holder, waits_for=problem))
        if problem:
            log.warning("%s", problem)

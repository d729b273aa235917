"""The pause that `narrated pause` began, kept so that it outlives a restart and a kill."""

import secrets
import time
from dataclasses import dataclass
from functools import cache
from operator import attrgetter

from narrated.boot_id import boot_id
from narrated.ledger.database import Repository

_UNNAMED = "process-"
"""Begins the name of a boot that only this process knows."""


@dataclass(frozen=True, slots=True)
class Pause:
    """A pause, with its begin by the wall clock and by the clock that runs since the boot."""

    began_at: float
    duration_s: float | None
    """None until somebody resumes."""
    boot: str
    began_boot_s: float
    unloads: bool
    """True if the models leave the device meanwhile."""

    @classmethod
    def beginning_now(cls, duration_s: float | None, boot: str, *, unloads: bool) -> "Pause":
        return cls(time.time(), duration_s, boot, boot_clock_s(), unloads)

    def left_s(self, boot: str) -> float | None:
        """Return the seconds that it still lasts, 0 if it has ended; None until somebody resumes.

        Within one boot nothing but the time that passes counts, however the clock is set. After a
        reboot it ends by the wall clock; and once the machine has run for longer than the pause
        was to last, whatever that clock says.
        """
        if self.duration_s is None:
            return None
        boot_s = boot_clock_s()
        if boot == self.boot:
            return max(self.duration_s - (boot_s - self.began_boot_s), 0.0)
        may_be_same = _UNNAMED in self.boot + boot and boot_s >= self.began_boot_s
        passed_s = boot_s - self.began_boot_s if may_be_same else boot_s
        by_clock_s = self.began_at + self.duration_s - time.time()
        return max(min(self.duration_s - passed_s, by_clock_s), 0.0)


_fields = attrgetter(*Pause.__dataclass_fields__)


class Pauses(Repository):
    """At most one pause at a time."""

    def record(self, pause: Pause) -> None:
        """Begin a pause, in place of the one that there is."""
        self._write("INSERT OR REPLACE INTO pauses VALUES (1, ?, ?, ?, ?, ?)", *_fields(pause))

    def current(self) -> Pause | None:
        """Return the pause that was begun last, though its time may be over; None if none was."""
        rows = self._db.rows("SELECT began_at, duration_s, boot, began_boot_s, unloads FROM pauses")
        for began_at, duration_s, boot, began_boot_s, unloads in rows:
            return Pause(began_at, duration_s, boot, began_boot_s, bool(unloads))
        return None

    def end(self) -> None:
        """Forget the pause."""
        self._write("DELETE FROM pauses")


@cache
def this_boot() -> str:
    """Name the boot of this machine; where the service may not read it, this process."""
    return boot_id() or f"{_UNNAMED}{secrets.token_hex(8)}"


def boot_clock_s() -> float:
    """Return the seconds since the boot, with those that the machine slept."""
    return time.clock_gettime(time.CLOCK_BOOTTIME)

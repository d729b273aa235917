"""Breaks, in which no engine works: by `narrated pause`, and outside of the configured `hours`."""

import math
import time
from collections.abc import Callable
from dataclasses import dataclass

import msgspec

from narrated.config.work_hours import WorkHours
from narrated.errors import EnginesResting, NarratedError
from narrated.human_formatting import clock_time
from narrated.ledger.pauses import Pause, this_boot
from narrated.ledger.store import Ledger

LONGEST_S = 366 * 86400.0
_DAY_S = 86400.0
_SAME_S = 60.0
"""An end that is off by less than this is shown as it was first told."""


@dataclass(frozen=True, slots=True)
class WorkBreak:
    """A break that lasts now."""

    reason: str
    """As a sentence without its subject, with how to go on, or when the work does."""
    remedy: str
    """The act that ends it, for somebody whose command it refuses."""
    goes_on_at: float | None
    """Seconds since the epoch; None until somebody resumes."""
    unloads: bool
    """True if no worker may hold the device."""

    def __str__(self) -> str:
        return self.reason

    @property
    def refusal(self) -> EnginesResting:
        """The error of a command that asks an engine."""
        problem, *_ = self.reason.split("; ")
        return EnginesResting(f"No engine is asked, since narrated is {problem}.", self.remedy)


class BreakChange(msgspec.Struct, frozen=True):
    """The answer to `pause` and `resume`; its fields are keys of the control socket's JSON."""

    was_paused: bool
    lasting: str
    """The break that lasts now, as a sentence; empty if there is none."""
    is_kept: bool = True
    """False if the daemon that answered keeps no breaks: `narrated once` goes on to its end."""


@dataclass(eq=False)
class WorkBreaks:
    """Knows whether there is a break, from the ledger, the configuration and the clock."""

    _ledger: Ledger
    _hours: Callable[[], WorkHours]  # returns those in force

    def current(self) -> WorkBreak | None:
        """Return the break that lasts now; None if there is none. Errors: StorageError."""
        now, hours = time.time(), self._hours()
        pause = self._lasting_pause()
        is_open = hours.are_open(now)
        if pause is None and is_open:
            return None
        ends_at = now if pause is None else self._end_of(pause, now)
        reasons, remedies = [], []
        if pause is not None:
            reasons.append(_of_pause(ends_at))
            remedies.append("Go on with `narrated resume`.")
        if not is_open:
            opening = _within_a_day(hours.opening(now), now)
            reasons.append(f"outside of hours; goes on at {opening}")
            remedies.append(_of_hours(hours, opening))
        return WorkBreak(
            "; ".join(reasons),
            " ".join(remedies),
            hours.opening(ends_at) if math.isfinite(ends_at) else None,
            unloads=not is_open or (pause is not None and pause.unloads),
        )

    def pause(self, duration_s: float | None, *, unload: bool) -> BreakChange:
        """Begin a pause, or change the end of the one that lasts. Errors: StorageError.

        Models that are unloaded stay so: a second pause would otherwise load them.
        """
        if duration_s is not None and not 0 < duration_s <= LONGEST_S:  # false for NaN as well
            raise NarratedError(
                f"A pause cannot last {duration_s:g} s.",
                "Give a time of at most 366 days, or none: then it lasts until `narrated resume`.",
            )
        before = self._lasting_pause()
        unloads = unload or (before is not None and before.unloads)
        self._ledger.pauses.record(Pause.beginning_now(duration_s, this_boot(), unloads=unloads))
        return BreakChange(before is not None, str(self.current() or ""))

    def resume(self) -> BreakChange:
        """End the pause, if there is one; `hours` still hold. Errors: StorageError."""
        was_paused = self._lasting_pause() is not None
        self._ledger.pauses.end()
        return BreakChange(was_paused, str(self.current() or ""))

    def forget_ended(self) -> bool:
        """Forget a pause whose time is over; True if there was one. Errors: StorageError."""
        pause = self._ledger.pauses.current()
        has_ended = pause is not None and pause.left_s(this_boot()) == 0
        if has_ended:
            self._ledger.pauses.end()
        return has_ended

    def _lasting_pause(self) -> Pause | None:
        pause = self._ledger.pauses.current()
        return None if pause is None or pause.left_s(this_boot()) == 0 else pause

    def _end_of(self, pause: Pause, now: float) -> float:
        """Return the time at which a pause ends, infinite if nobody knows."""
        left_s = pause.left_s(this_boot())
        if left_s is None or pause.duration_s is None:
            return math.inf
        told = pause.began_at + pause.duration_s
        return told if abs(now + left_s - told) < _SAME_S else now + left_s


def _of_pause(ends_at: float) -> str:
    until = f" until {clock_time(ends_at, time.time())}" if math.isfinite(ends_at) else ""
    return f"paused{until} by `narrated pause`; resume: `narrated resume`"


def _within_a_day(at: float, now: float) -> str:
    """Format a time by the clock, without a date if it comes but once until then."""
    return clock_time(at, at if at - now < _DAY_S else now)


def _of_hours(hours: WorkHours, opening: str) -> str:
    return (
        f"It works again at {opening}; before that, change `hours: {hours}` in the configuration "
        "and run `narrated reload`."
    )

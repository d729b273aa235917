"""The status note: the daemon's state, its queue and its problems, as text for a person."""

from datetime import datetime

from narrated.human_formatting import count_noun
from narrated.printable import line_of, printable
from narrated.reading.file_kinds import other_kinds_line
from narrated.service.status_report import (
    HeldFile,
    ReadingStatus,
    StatusReport,
)

_ELLIPSIS_LIMIT = 10
_STATES = {
    "starting": "starting",
    "working": "reading aloud",
    "paused": "paused",
    "idle": "nothing to do; drop a file into the inbox",
    "waiting": "cannot go on with what is left; see below",
    "stopped": "stopped; it goes on where it was when it is started again",
    "finished": "finished",
}


def status_note(status: StatusReport, now: datetime) -> str:
    """Return the text of `narrated.status.txt`; `now` has its time zone."""
    is_paused = status.state == "paused"
    state = line_of(status.paused) if is_paused else _STATES[status.state]
    lines = [f"narrated: {state}", f"as of {now:%Y-%m-%d %H:%M:%S %z}"]
    if status.paused and not is_paused:
        lines += [line_of(status.paused)]
    lines += _section("Please look", [line_of(notice) for notice in status.notices])
    lines += _section("The podcast", [status.no_address] * bool(status.no_address))
    lines += _section("Being read", [_progress(each) for each in status.reading])
    lines += _section(f"Next ({status.queued} in the queue)", _queue(status))
    lines += _section(
        "Waiting", _pairs(_held(status.waiting) + status.arriving, status.waiting_count)
    )
    lines += _section(
        "Failed (see the .error.txt beside each)",
        _pairs(_held(status.failed), status.failed_count),
    )
    lines += _section(
        "Conflicting copies, not read: keep one and delete the other",
        _conflicts(status),
    )
    lines += _section("Doubtful takes (`narrated takes FILE` tells more)", _doubtful(status))
    lines += _section("Left out, because they are older than `since`", _left_out(status))
    lines += _section(
        "Held back until they are published", _pairs(status.held_back, status.held_back_count)
    )
    lines += _section("Left alone", _left_alone(status))
    if status.done_today:
        lines += ["", f"Finished today: {status.done_today}"]
    return "\n".join([*lines, ""])


def _section(title: str, entries: list[str]) -> list[str]:
    return ["", title, *(f"  {entry}" for entry in entries)] if entries else []


def _queue(status: StatusReport) -> list[str]:
    return _counted([printable(path) for path in status.queue], status.queued)


def _left_out(status: StatusReport) -> list[str]:
    shown = [f"{day} {printable(path)}" for path, day in status.left_out[:_ELLIPSIS_LIMIT]]
    return _counted(shown, status.left_out_count)


def _doubtful(status: StatusReport) -> list[str]:
    first = status.doubtful[:_ELLIPSIS_LIMIT]
    shown = [f"{printable(path)}: {count_noun(count, 'doubtful take')}" for path, count in first]
    return _counted(shown, status.doubtful_count)


def _left_alone(status: StatusReport) -> list[str]:
    ignored = f"{status.ignored_count} ignored files and folders (`narrated ignored FILE` says why)"
    other = other_kinds_line(status.other_kinds) if status.other_kinds else ""
    return [other] * bool(other) + [ignored] * bool(status.ignored_count)


def _held(files: tuple[HeldFile, ...]) -> tuple[tuple[str, str], ...]:
    return tuple((file.path, file.problem) for file in files)


def _pairs(entries: tuple[tuple[str, str], ...], total: int) -> list[str]:
    """The first of so many entries, each in a line."""
    shown = [f"{printable(path)}: {line_of(reason)}" for path, reason in entries[:_ELLIPSIS_LIMIT]]
    return _counted(shown, total)


def _conflicts(status: StatusReport) -> list[str]:
    shown = [printable(path) for path in status.conflicts[:_ELLIPSIS_LIMIT]]
    return _counted(shown, max(status.conflicts_count, len(status.conflicts)))


def _counted(shown: list[str], total: int) -> list[str]:
    more = total - len(shown)
    return [*shown, f"and {more} more"] if more > 0 else shown


def _progress(reading: ReadingStatus) -> str:
    percent = min(100, max(0, int(reading.fraction * 100)))
    left = "" if reading.left_s is None else f", {_left(reading.left_s)} left"
    checks = f"; {reading.checks}" if reading.checks else ""
    return f"{printable(reading.path)}: {percent} %{left}{checks}"


def _left(seconds: float) -> str:
    minutes = round(seconds / 60)
    if minutes < 1:
        return "less than a minute"
    if minutes < 60:
        return "about a minute" if minutes == 1 else f"about {minutes} minutes"
    return f"about {minutes // 60} h {minutes % 60:02} min"

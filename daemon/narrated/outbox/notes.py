"""Text notes in the outbox: one for each failed source, and one for the daemon's status."""

import os
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from functools import partial
from pathlib import Path

from narrated.errors import SourceError
from narrated.outbox.open_folder import DraftFile, opened, prune, remove, retry_if_removed, split
from narrated.printable import printable
from narrated.safe_text import line_of
from narrated.storage_errors import storing

_ELLIPSIS_LIMIT = 10
_LONGEST_NAME_BYTES = 255


class DaemonState(StrEnum):
    """The daemon's activity, as its status note names it."""

    STARTING = "starting"
    WORKING = "working"
    IDLE = "idle"
    WAITING = "waiting"  # there is work, and all of it waits for something
    STOPPED = "stopped"


@dataclass(frozen=True, slots=True)
class ReadingProgress:
    """A file being narrated: the finished fraction (0 to 1), and the seconds left if known."""

    path: str
    fraction: float
    left_s: float | None = None


@dataclass(frozen=True, slots=True)
class StatusNote:
    """The content of the status note; paths are relative to the inbox."""

    now: datetime
    """With its time zone."""
    state: DaemonState
    reading: tuple[ReadingProgress, ...] = ()
    queued: int = 0
    queue: tuple[str, ...] = ()
    """The first paths of the queue."""
    waiting: tuple[tuple[str, str], ...] = ()
    """Paths with the reason each waits for."""
    failed: tuple[tuple[str, str], ...] = ()
    """Paths with the problem of each."""
    conflicts: tuple[str, ...] = ()
    notices: tuple[str, ...] = ()
    """Problems of the whole daemon, such as a missing inbox."""
    done_today: int = 0


def error_note(problem: str, remedy: str, path: str, when: datetime) -> str:
    """Return the text of `post.error.txt`: the file, the problem, the remedy, and the time."""
    lines = [
        f"{printable(path)} was not narrated.",
        "",
        f"What was wrong: {line_of(problem)}",
    ]
    if remedy:
        lines.append(f"What to do: {line_of(remedy)}")
    lines += [
        "",
        f"Tried at {_clock(when)}. This note goes away when it succeeds.",
    ]
    return _joined(lines)


def status_note(status: StatusNote) -> str:
    """Return the text of `narrated.status.txt`."""
    lines = [f"narrated: {_STATES[status.state]}", f"as of {_clock(status.now)}"]
    lines += _section("Please look", [line_of(notice) for notice in status.notices])
    lines += _section("Being read", [_progress(each) for each in status.reading])
    lines += _section(f"Next ({status.queued} in the queue)", _queue(status))
    lines += _section("Waiting", _pairs(status.waiting))
    lines += _section("Failed (see the .error.txt beside each)", _pairs(status.failed))
    lines += _section(
        "Conflicting copies, not read: keep one and delete the other",
        _some([printable(path) for path in status.conflicts]),
    )
    if status.done_today:
        lines += ["", f"Finished today: {status.done_today}"]
    return _joined(lines)


def write_note(outbox: Path, name: str, text: str) -> None:
    """Write a note under its outbox-relative name, atomically but not synced.

    If one of its folders is a file, the note goes next to that file: `post.mp3/a` becomes
    `post.mp3~a`. Errors: StorageError.
    """
    content = text.encode("utf-8", "replace")
    with storing(str(outbox / name)):
        for place in _places(name):
            with suppress(SourceError):
                retry_if_removed(partial(_write, outbox, *split(place), content))
                break


def remove_note(outbox: Path, name: str) -> None:
    """Remove a note if it exists, and the folders it leaves empty. Errors: StorageError."""
    with storing(str(outbox / name)):
        for place in _places(name):
            folder_name, last = split(place)
            with suppress(FileNotFoundError), opened(outbox, folder_name) as folder:
                remove(folder, last)
        prune(outbox, split(name)[0])


def _places(name: str) -> Iterator[str]:
    """The names a note may have, the preferred one first; the last is in no folder."""
    yield name
    while "/" in name:
        name = _fitting("~".join(name.rsplit("/", 1)))
        yield name


def _fitting(name: str) -> str:
    """Cut the beginning of the last part until it fits the file system's 255 bytes."""
    folder, slash, last = name.rpartition("/")
    while len(os.fsencode(last)) > _LONGEST_NAME_BYTES:
        last = last[1:]
    return folder + slash + last


def _write(outbox: Path, folder_name: str, name: str, content: bytes) -> None:
    with opened(outbox, folder_name, make=True) as folder, DraftFile(folder) as draft:
        draft.write(content)
        draft.finish()
        draft.place(name)


_STATES = {
    DaemonState.STARTING: "starting",
    DaemonState.WORKING: "reading aloud",
    DaemonState.IDLE: "nothing to do; drop a file into the inbox",
    DaemonState.WAITING: "cannot go on with what is left; see below",
    DaemonState.STOPPED: "stopped; it goes on where it was when it is started again",
}


def _section(title: str, entries: list[str]) -> list[str]:
    return ["", title, *(f"  {entry}" for entry in entries)] if entries else []


def _queue(status: StatusNote) -> list[str]:
    shown = [printable(path) for path in status.queue]
    more = status.queued - len(shown)
    return [*shown, f"and {more} more"] if more > 0 else shown


def _pairs(entries: tuple[tuple[str, str], ...]) -> list[str]:
    return _some([f"{printable(path)}: {line_of(reason)}" for path, reason in entries])


def _some(entries: list[str]) -> list[str]:
    if len(entries) <= _ELLIPSIS_LIMIT:
        return entries
    more = len(entries) - _ELLIPSIS_LIMIT
    return [*entries[:_ELLIPSIS_LIMIT], f"and {more} more"]


def _progress(reading: ReadingProgress) -> str:
    percent = min(100, max(0, int(reading.fraction * 100)))
    left = "" if reading.left_s is None else f", {_left(reading.left_s)} left"
    return f"{printable(reading.path)}: {percent} %{left}"


def _left(seconds: float) -> str:
    minutes = round(seconds / 60)
    if minutes < 1:
        return "less than a minute"
    if minutes < 60:
        return "about a minute" if minutes == 1 else f"about {minutes} minutes"
    return f"about {minutes // 60} h {minutes % 60:02} min"


def _clock(when: datetime) -> str:
    """Date, time and offset: the reader's clock may be in another zone."""
    return f"{when:%Y-%m-%d %H:%M:%S} {when:%z}"


def _joined(lines: list[str]) -> str:
    return "\n".join(lines) + "\n"

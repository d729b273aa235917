"""What a person sees through the synced folder alone: notes of failures, and of progress."""

import os
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from functools import partial
from pathlib import Path

from narrated.errors import SourceError
from narrated.outbox.open_folder import DraftFile, insist, opened, prune, remove, split
from narrated.printable import printable
from narrated.safe_text import line_of
from narrated.storage_errors import storing

_ELLIPSIS_LIMIT = 10
_LONGEST_NAME_BYTES = 255


class DaemonState(StrEnum):
    """What the daemon is doing, as its note says it."""

    STARTING = "starting"
    WORKING = "working"
    IDLE = "idle"
    WAITING = "waiting"  # there is work, and none of it can go on now
    STOPPED = "stopped"


@dataclass(frozen=True, slots=True)
class ReadingProgress:
    """A file being read: how much is done (0 to 1), how many seconds are left where known."""

    path: str
    fraction: float
    left_s: float | None = None


@dataclass(frozen=True, slots=True)
class StatusNote:
    """Everything the note at the outbox's root tells; paths are inbox-relative."""

    now: datetime
    """With its time zone."""
    state: DaemonState
    reading: tuple[ReadingProgress, ...] = ()
    queued: int = 0
    queue: tuple[str, ...] = ()
    """The first of those queued."""
    waiting: tuple[tuple[str, str], ...] = ()
    """Paths and what they wait for."""
    failed: tuple[tuple[str, str], ...] = ()
    """Paths and what was wrong."""
    conflicts: tuple[str, ...] = ()
    notices: tuple[str, ...] = ()
    """What is wrong with the whole, such as a missing inbox."""
    done_today: int = 0


def error_note(problem: str, remedy: str, path: str, when: datetime) -> str:
    """The text of `post.error.txt`: which file, what was wrong, what to do, and when."""
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
    """The text of `narrated.status.txt`."""
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
    """Write a note under its outbox-relative name, atomically; a note need not be durable.

    Where a file stands for one of its folders the note stands beside that: `post.mp3/a` is
    `post.mp3~a`. Errors: StorageError.
    """
    content = text.encode("utf-8", "replace")
    with storing(str(outbox / name)):
        for place in _places(name):
            with suppress(SourceError):
                insist(partial(_write, outbox, *split(place), content))
                break


def remove_note(outbox: Path, name: str) -> None:
    """Remove a note if it is there, and folders it leaves empty. Errors: StorageError."""
    with storing(str(outbox / name)):
        for place in _places(name):
            folder_name, last = split(place)
            with suppress(FileNotFoundError), opened(outbox, folder_name) as folder:
                remove(folder, last)
        prune(outbox, split(name)[0])


def _places(name: str) -> Iterator[str]:
    """Where a note may stand, the best place first and the last in no folder at all."""
    yield name
    while "/" in name:
        name = _fitting("~".join(name.rsplit("/", 1)))
        yield name


def _fitting(name: str) -> str:
    """The name with its last part cut at its beginning to what a file may be called."""
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

"""The status with all its files, asked for a page at a time."""

from collections.abc import Callable, Iterator
from typing import Any

from narrated.ledger.job import OPEN, JobState

Ask = Callable[[dict[str, Any]], dict[str, Any]]
"""Sends a request to the daemon, or to the ledger without one."""


def whole_status(ask: Ask) -> dict[str, Any]:
    """Return a status report whose lists are whole, each with its count.

    The daemon works on between two pages: a file whose state changes then may be in two lists.
    """
    status = ask({"do": "status"})
    for name in ("waiting", "failed", "left_out", "held_back", "conflicts", "doubtful"):
        status[name] = list(_pages(ask, name))
    waiting = {file["path"] for file in status["waiting"]}
    status["arriving"] = [each for each in _pages(ask, "arriving") if each[0] not in waiting]
    status["queue"] = _queue(ask, status)
    status["queued"] = len(status["queue"])
    counted = ("arriving", "left_out", "held_back", "conflicts", "doubtful")
    return status | {f"{name}_count": len(status[name]) for name in counted}


def narrated_paths(ask: Ask) -> set[str]:
    """Return the sources that are narrated, as the inbox has them now."""
    opened = (path for state in sorted(OPEN) for path in _pages(ask, str(state)))
    return {*_pages(ask, str(JobState.DONE))} - {*opened}


def doubtful_narrations(ask: Ask) -> list[tuple[str, int]]:
    """Return the narrations with doubtful takes, each with their number."""
    return [(path, count) for path, count in _pages(ask, "doubtful")]


def _queue(ask: Ask, status: dict[str, Any]) -> list[str]:
    """List the open files: those that come next, then the others by age, but none being read."""
    read = {each["path"] for each in status["reading"]}
    others = (path for state in sorted(OPEN) for path in _pages(ask, str(state)))
    return [path for path in dict.fromkeys((*status["queue"], *others)) if path not in read]


def _pages(ask: Ask, name: str) -> Iterator[Any]:
    page: dict[str, Any] = {"following": None}
    while True:
        page = ask({"do": "list", "name": name, "after": page["following"]})
        yield from page["entries"]
        if page["following"] is None:
            return

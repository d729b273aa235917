"""Lists all files of a status, page by page: no reply and no turn of the loop holds all."""

import heapq
import json
from collections.abc import Callable, Sequence
from contextlib import closing
from typing import TYPE_CHECKING, Any

import msgspec

from narrated.config.values import Config
from narrated.daemon_commands import RESTART
from narrated.disk_threads import TRANSFER_S, DiskThreads
from narrated.errors import NarratedError
from narrated.ledger.job import OPEN, JobState
from narrated.ledger.store import Ledger
from narrated.service.status_report import HeldFile

if TYPE_CHECKING:  # `narrated status` needs none of these
    from narrated.jobs.gallery_updates import GalleryUpdates
    from narrated.jobs.ingest import Ingest
    from narrated.service.inbox_feed import InboxFeed

PAGE = 250
"""Entries of a page: they hold the loop up for some milliseconds."""
PAGE_BYTES = 2**18
"""Bound on a page, in bytes of JSON, unless its first entry alone is longer."""

Entries = Sequence[tuple[int | str, Any]]
"""The next entries of a list, each with its key; the keys ascend."""
Source = Callable[[Any, int], Entries]
"""Gives the next entries after a key (None for the beginning), and at most so many."""


class StatusPage(msgspec.Struct, frozen=True):
    """A part of a list, and the key after which the next one begins; None at the end."""

    entries: tuple[Any, ...]
    following: int | str | None = None


class StatusLists:
    """The lists of a status: files by state, those that stay unread, and doubtful narrations."""

    def __init__(self, ledger: Ledger, **others: Source) -> None:
        """`others` are the lists that a running daemon has, by name; any thread may read them."""
        self._ledger, self._others = ledger, others
        self._threads = DiskThreads("the status", count=1)
        self._sources: dict[str, Source] = {
            **{str(state): self._held(state) for state in (JobState.WAITING, JobState.FAILED)},
            **{str(state): self._open(state) for state in (*OPEN, JobState.DONE)},
            "left_out": self._left_out,
            "held_back": self._held_back,
            "doubtful": self._doubtful,
            "arriving": _nothing,
            "conflicts": _nothing,
            **others,
        }

    async def page_apart(self, name: str, after: int | str | None) -> StatusPage:
        """The same for a loop: what takes long for many files runs in a thread."""
        if name in self._others:
            return await self._threads.run(self.page, name, after, patience_s=TRANSFER_S)
        return self.page(name, after)

    def page(self, name: str, after: int | str | None = None) -> StatusPage:
        """Return the next part of a list. Errors: StorageError; NarratedError if it is unknown."""
        if name not in self._sources:
            raise NarratedError(
                "The daemon does not know this list: it may be of another version.",
                f"Restart it: {RESTART}.",
            )
        return _page(self._sources[name](after, PAGE))

    def _held(self, state: JobState) -> Source:
        return lambda after, most: [
            (job.id, HeldFile(job.path, job.problem, job.remedy))
            for job in self._ledger.jobs.in_state(state, after=int(after or 0), limit=most)
        ]

    def _open(self, state: JobState) -> Source:
        return lambda after, most: [
            (job.id, job.path)
            for job in self._ledger.jobs.in_state(state, after=int(after or 0), limit=most)
        ]

    def _left_out(self, after: Any, most: int) -> Entries:
        posts = self._ledger.left_out.first(most, after=str(after or ""))
        return [(path, (path, day)) for path, day in posts]

    def _held_back(self, after: Any, most: int) -> Entries:
        posts = self._ledger.held_back.first(most, after=str(after or ""))
        return [(path, (path, why)) for path, why in posts]

    def _doubtful(self, after: Any, most: int) -> Entries:
        found = self._ledger.job_takes.first_doubtful(most, after=str(after or ""))
        return [(path, (path, count)) for path, count in found]


def _nothing(after: Any, most: int) -> Entries:
    return []


def _page(found: Entries) -> StatusPage:
    """Cut a page at its bound in bytes."""
    room_bytes, count = PAGE_BYTES, 0
    for _, entry in found:
        room_bytes -= len(json.dumps(msgspec.to_builtins(entry)))
        if count and room_bytes < 0:
            break
        count += 1
    is_last = count == len(found) < PAGE
    entries = tuple(entry for _, entry in found[:count])
    return StatusPage(entries, None if is_last else found[count - 1][0])


def running_lists(
    ledger: Ledger, ingest: "Ingest", feed: "InboxFeed", galleries: "GalleryUpdates"
) -> StatusLists:
    """The lists of a running daemon."""

    def arriving(after: Any, most: int) -> Entries:
        files = feed.inbox.waiting(most, str(after or ""))
        found = dict(files) | dict(galleries.waiting(str(after or "")))
        return [(path, (path, found[path])) for path in heapq.nsmallest(most, found)]

    def conflicts(after: Any, most: int) -> Entries:
        following = filter(str(after or "").__lt__, list(ingest.status.conflicts))
        return [(path, path) for path in heapq.nsmallest(most, following)]

    return StatusLists(ledger, arriving=arriving, conflicts=conflicts)


def page_at_rest(config: Config, name: str, after: int | str | None = None) -> StatusPage:
    """Return the next part of a list from the ledger alone, while no daemon runs."""
    path = config.state / "ledger.sqlite"
    if not path.exists():
        return StatusPage(())
    with closing(Ledger(path)) as ledger:
        return StatusLists(ledger).page(name, after)

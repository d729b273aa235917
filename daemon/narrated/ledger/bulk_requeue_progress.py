"""Progress of bulk requeues: many sources get another job; one that a kill cut goes on."""

import enum
import os
from dataclasses import dataclass
from typing import Any

from narrated.ledger.database import Repository


class RequeueKind(enum.StrEnum):
    """The sources that a requeue goes over; each of them gets another job."""

    REFRESH = "refresh"  # narrated, failed and waiting ones, below a folder
    CHECK = "check"  # narrated ones, below a folder: their takes are checked
    RETRY = "retry"  # failed ones
    UNREAD = "unread"  # failed posts that an earlier version of reading could not read
    HELD = "held"  # drafts that are held back
    CONSULTED = "consulted"  # posts that were planned with another version of a file
    PLACE = "place"  # posts that were planned before a file came that applies to them by its place


@dataclass(frozen=True, slots=True)
class BulkRequeue:
    """A requeue of many sources, under way."""

    id: int
    kind: RequeueKind
    path: str
    """The folder ("" for all), or the settings file or lexicon."""
    sha256: str
    after: str
    """Every source up to this path is dealt with."""


class BulkRequeueProgress(Repository):
    """Requeues by number; one of each kind about a path."""

    def add(self, kind: RequeueKind, path: str, sha256: str = "") -> BulkRequeue:
        """Begin a requeue; it replaces an unfinished one of the same kind about the same path."""
        with self._db.transaction():
            row = self._db.execute(
                "INSERT OR REPLACE INTO sweeps (kind, path, sha256, after) VALUES (?, ?, ?, x'')"
                " RETURNING id, kind, path, sha256, after",
                (kind, os.fsencode(path), sha256),
            ).fetchall()[0]
        return _requeue(row)

    def advance(self, requeue: BulkRequeue, after: str) -> None:
        """Record how far a requeue is, in the transaction of the work itself."""
        self._write("UPDATE sweeps SET after = ? WHERE id = ?", os.fsencode(after), requeue.id)

    def end(self, requeue: BulkRequeue) -> None:
        self._write("DELETE FROM sweeps WHERE id = ?", requeue.id)

    def get(self, number: int) -> BulkRequeue | None:
        """Return a requeue; None if it ended or was replaced."""
        return next((each for each in self.all() if each.id == number), None)

    def all(self) -> list[BulkRequeue]:
        """Return those under way, the oldest first."""
        rows = self._db.execute("SELECT id, kind, path, sha256, after FROM sweeps ORDER BY id")
        return [_requeue(row) for row in rows]


def _requeue(row: Any) -> BulkRequeue:
    number, kind, path, sha256, after = row
    return BulkRequeue(number, RequeueKind(kind), os.fsdecode(path), sha256, os.fsdecode(after))

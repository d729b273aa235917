"""Texts of posts, made while planning for the page, and the copies of pictures that they show."""

import os
from collections.abc import Iterable
from typing import NamedTuple

from narrated.ledger.database import Repository
from narrated.ledger.job import Job


class PictureCopy(NamedTuple):
    """A copy of a picture in the outbox."""

    file: str
    """Its outbox path."""
    sha256: str
    """The digest of the picture that it is a copy of."""
    width: int
    height: int


class PageTexts(Repository):
    """Texts by their jobs. A job loses its text when it loses its plan."""

    def expect(self, job: int, copy: PictureCopy) -> None:
        """Record that the text of a job is about to show a copy, so that this stays meanwhile."""
        added = "INSERT OR REPLACE INTO page_copies VALUES (?, ?, ?, ?, ?)"
        self._write(added, job, os.fsencode(copy.file), *copy[1:])

    def keep(self, job: int, text: bytes, copies: Iterable[PictureCopy]) -> None:
        """Keep the text of a job, with the copies that it shows."""
        with self._db.transaction():
            self.forget(job)
            self._db.rows("INSERT INTO page_texts VALUES (?, ?)", (job, text))
            added = "INSERT OR REPLACE INTO page_copies VALUES (?, ?, ?, ?, ?)"
            rows = [(job, os.fsencode(each.file), *each[1:]) for each in copies]
            self._db.executemany(added, rows)

    def of(self, job: int) -> bytes | None:
        """Return the text of a job as it was kept; None if it has none."""
        found = self._value("SELECT text FROM page_texts WHERE job = ?", job)
        return None if found is None else bytes(found)

    def copies(self, job: int) -> list[PictureCopy]:
        """Return the copies that the text of a job shows."""
        shown = "SELECT file, sha256, width, height FROM page_copies WHERE job = ? ORDER BY file"
        return [
            PictureCopy(os.fsdecode(file), *rest) for file, *rest in self._db.rows(shown, (job,))
        ]

    def copy_of(self, path: str, sha256: str) -> PictureCopy | None:
        """Return a copy of a picture that a version of this source shows; None if there is none."""
        rows = self._db.rows(
            "SELECT file, sha256, width, height FROM page_copies JOIN jobs ON jobs.id = job"
            " WHERE path = ? AND sha256 = ? LIMIT 1",
            (os.fsencode(path), sha256),
        )
        return next((PictureCopy(os.fsdecode(file), *rest) for file, *rest in rows), None)

    def inherit(self, older: Job, job: Job) -> None:
        """Give a job that speaks the same plan the text of an older one."""
        if (text := self.of(older.id)) is not None:
            self.keep(job.id, text, self.copies(older.id))

    def forget(self, job: int) -> None:
        """Forget the text of a job, and the copies that it shows."""
        with self._db.transaction():
            self._db.rows("DELETE FROM page_texts WHERE job = ?", (job,))
            self._db.rows("DELETE FROM page_copies WHERE job = ?", (job,))

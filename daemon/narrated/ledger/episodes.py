"""Episodes of the podcast: the number of each, kept for ever, and its item in the feed."""

import os
import time
import uuid
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from narrated.ledger.database import Repository
from narrated.ledger.job import Job

_DONE = "jobs.state = 'done'"


class ListedEpisode(NamedTuple):
    """An episode that has an item, and the file that the item links to."""

    path: str
    dated_at: float
    sound: str
    size_bytes: int
    version: str = ""
    """Another one if its item is another."""


class PublishedEpisode(NamedTuple):
    """A published job, and the item that it has."""

    job: int
    path: str
    stem: str
    made_for: str
    """The digest of the show that its item was made for; empty if it has none."""


class Episodes(Repository):
    """Episodes by the paths of their sources."""

    def guid(self, path: str) -> str:
        """Return the number of a source's episode; the first call gives it."""
        return self.give(path, "", time.time())

    def give(self, path: str, guid: str, first_at: float) -> str:
        """Return the number of a source's episode; if it has none yet, it gets this one.

        An empty number, or one that another episode has, is replaced by a new one.
        """
        known = "SELECT guid FROM episodes WHERE path = ?"
        if found := self._value(known, os.fsencode(path)):
            return str(found)
        if not guid or self._value("SELECT 1 FROM episodes WHERE guid = ?", guid):
            guid = f"urn:uuid:{uuid.uuid4()}"
        added = "INSERT INTO episodes (path, guid, first_at) VALUES (?, ?, ?)"
        self._write(added, os.fsencode(path), guid, first_at)
        return guid

    def rename(self, old: str, new: str) -> None:
        """Give a source that moved the number that it had at its old path.

        An episode that is in the feed under the new path keeps its own.
        """
        before, after = os.fsencode(old), os.fsencode(new)
        with self._db.transaction():
            unlisted = "DELETE FROM episodes WHERE path = ? AND item IS NULL AND EXISTS"
            self._db.rows(f"{unlisted} (SELECT 1 FROM episodes WHERE path = ?)", (after, before))
            self._db.rows("UPDATE OR IGNORE episodes SET path = ? WHERE path = ?", (after, before))
            self._db.rows("UPDATE episodes SET job = NULL WHERE path = ?", (after,))

    def first_at(self, path: str) -> float:
        """Return when a source's episode was first published; now if that is not known."""
        found = self._value("SELECT first_at FROM episodes WHERE path = ?", os.fsencode(path))
        return time.time() if found is None else float(found)

    def published(self) -> list[PublishedEpisode]:
        """Return all published jobs with what their items were made of, the newest first."""
        rows = self._db.rows(
            "SELECT jobs.id, jobs.path, jobs.stem, episodes.job IS jobs.id, episodes.made_for"
            " FROM jobs LEFT JOIN episodes ON episodes.path = jobs.path"
            f" WHERE {_DONE} ORDER BY jobs.id DESC"
        )
        return [
            PublishedEpisode(
                job=job,
                path=os.fsdecode(path),
                stem=os.fsdecode(stem),
                made_for=(made_for or "") if is_made else "",
            )
            for job, path, stem, is_made, made_for in rows
        ]

    def keep(
        self, job: Job, made_for: str, item: bytes | None, listed: ListedEpisode, show: str
    ) -> None:
        """Keep the item of a published job; None if its narration cannot be an episode."""
        self._write(
            "UPDATE episodes SET job = ?, made_for = ?, show = ?, dated_at = ?, sound = ?,"
            " size_bytes = ?, item = ? WHERE path = ?",
            *(job.id, made_for, os.fsencode(show), listed.dated_at, os.fsencode(listed.sound)),
            *(listed.size_bytes, item, os.fsencode(job.path)),
        )

    def withdrawn(self) -> list[str]:
        """Return the episodes that have an item, and a narration no more."""
        return self._paths(
            "SELECT path FROM episodes WHERE item IS NOT NULL AND NOT EXISTS"
            f" (SELECT 1 FROM jobs WHERE jobs.path = episodes.path AND {_DONE})"
        )

    def unlist(self, paths: Iterable[str]) -> None:
        """Take the items of these episodes out of the feed; they keep their numbers."""
        unlisted = "UPDATE episodes SET item = NULL, job = NULL WHERE path = ?"
        self._write_all(unlisted, ((os.fsencode(path),) for path in paths))

    def listed(self) -> dict[str, list[ListedEpisode]]:
        """Return the episodes of all shows by the folders of these, the newest first."""
        rows = self._db.rows(
            "SELECT show, path, dated_at, sound, size_bytes, job, made_for FROM episodes"
            " WHERE item IS NOT NULL ORDER BY show, dated_at DESC, path DESC"
        )
        listed: dict[str, list[ListedEpisode]] = {}
        for show, path, dated_at, sound, size_bytes, job, made_for in rows:
            names = os.fsdecode(path), dated_at, os.fsdecode(sound), size_bytes
            episode = ListedEpisode(*names, f"{job} {made_for}")
            listed.setdefault(os.fsdecode(show), []).append(episode)
        return listed

    def items(self, paths: list[str]) -> Iterator[bytes]:
        """Yield the items of these episodes in this order, one at a time: all may be large."""
        for path in paths:
            found = self._value("SELECT item FROM episodes WHERE path = ?", os.fsencode(path))
            if found is not None:
                yield bytes(found)


class Podcasts(Repository):
    """Shows by their folders in the outbox."""

    def guid(self, folder: str) -> str:
        """Return the number of a show; empty if none was given."""
        found = self._value("SELECT guid FROM podcasts WHERE folder = ?", os.fsencode(folder))
        return str(found or "")

    def folders(self) -> set[str]:
        """Return the folders of all shows that were given a number."""
        return set(self._paths("SELECT folder FROM podcasts"))

    def give(self, folder: str, guid: str) -> None:
        """Record the number of a show, for ever."""
        self._write("INSERT OR IGNORE INTO podcasts VALUES (?, ?)", os.fsencode(folder), guid)

"""The page's parts: what it shows of each episode, and the files that the daemon wrote for it."""

import os
import zlib
from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

from narrated.ledger.database import Repository
from narrated.podcast.page_requests import PageParts


class ShownEpisode(NamedTuple):
    """An episode on the page, with all that tells whether its files are as they should be."""

    path: str
    key: str
    number: int
    job: int
    made_for: str
    sound: str
    size_bytes: int

    @property
    def made_of(self) -> str:
        """Stays the same as long as its parts do."""
        return f"{self.key} {self.job} {self.made_for}"


class WrittenFile(NamedTuple):
    """The last content of a file of the page, as the daemon wrote it."""

    made_of: str
    size_bytes: int


class PageEntries(Repository):
    """Episodes on the page by the paths of their sources."""

    def outdated(self, show: str, made_for: str, limit: int) -> list[int]:
        """Return the next jobs of episodes of a show's feed whose parts are not of this page."""
        rows = self._db.rows(
            "SELECT episodes.job FROM episodes JOIN jobs ON jobs.id = episodes.job"
            " LEFT JOIN page_entries ON page_entries.path = episodes.path"
            " WHERE jobs.state = 'done' AND episodes.show = ? AND item IS NOT NULL"
            " AND (page_entries.job IS NOT episodes.job OR page_entries.made_for <> ?)"
            " ORDER BY episodes.job DESC LIMIT ?",
            (os.fsencode(show), made_for, limit),
        )
        return [number for (number,) in rows]

    def keep(self, path: str, key: str, job: int, made_for: str, parts: PageParts) -> None:
        """Keep the parts of an episode; without an entry it is not on the page."""
        self._write(
            "INSERT INTO page_entries (path, key, job, made_for, entry, script, words)"
            " VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT (path) DO UPDATE SET key = excluded.key,"
            " job = excluded.job, made_for = excluded.made_for, entry = excluded.entry,"
            " script = excluded.script, words = excluded.words",
            *(os.fsencode(path), key, job, made_for, parts.entry or None),
            *(zlib.compress(parts.script), zlib.compress(parts.words)),
        )

    def rename(self, old: str, new: str) -> None:
        """Give the parts of a source that moved to its new path, unless that has its own."""
        moved = "UPDATE OR IGNORE page_entries SET path = ? WHERE path = ?"
        self._write(moved, os.fsencode(new), os.fsencode(old))

    def withdrawn(self) -> list[str]:
        """Return the episodes that have parts, and are in no feed any more."""
        return self._paths(
            "SELECT path FROM page_entries WHERE NOT EXISTS (SELECT 1 FROM episodes"
            " WHERE episodes.path = page_entries.path AND item IS NOT NULL)"
        )

    def forget(self, paths: Iterable[str]) -> None:
        """Take episodes off the page."""
        taken = "DELETE FROM page_entries WHERE path = ?"
        self._write_all(taken, ((os.fsencode(path),) for path in paths))

    def shown(self, shows: Iterable[str]) -> list[ShownEpisode]:
        """Return the episodes of these shows (their folders), the newest first."""
        folders = [os.fsencode(show) for show in shows]
        rows = self._db.rows(
            "SELECT path, key, number, page_entries.job, page_entries.made_for, sound, size_bytes"
            " FROM page_entries JOIN episodes USING (path) WHERE item IS NOT NULL"
            f" AND entry IS NOT NULL AND show IN ({', '.join('?' * len(folders))})"
            " ORDER BY dated_at DESC, path DESC",
            folders,
        )
        return [
            ShownEpisode(os.fsdecode(path), key, number, job, made_for, os.fsdecode(sound), size)
            for path, key, number, job, made_for, sound, size in rows
        ]

    def entries(self, paths: Iterable[str]) -> Iterator[bytes]:
        """Yield the entries of these episodes in this order, one at a time."""
        for path in paths:
            found = self._value("SELECT entry FROM page_entries WHERE path = ?", os.fsencode(path))
            if found is not None:
                yield bytes(found)

    def script(self, path: str) -> bytes:
        """Return the script of an episode; empty if it has none any more."""
        found = self._value("SELECT script FROM page_entries WHERE path = ?", os.fsencode(path))
        return zlib.decompress(found) if found else b""

    def words(self, path: str) -> bytes:
        """Return the words of an episode; empty if it has none any more."""
        found = self._value("SELECT words FROM page_entries WHERE path = ?", os.fsencode(path))
        return zlib.decompress(found) if found else b""


class PageFiles(Repository):
    """Files that the daemon wrote for the page, by their names in its folder."""

    def written(self) -> dict[str, WrittenFile]:
        """Return all of them."""
        rows = self._db.rows("SELECT name, made_of, size_bytes FROM page_files")
        return {name: WrittenFile(*rest) for name, *rest in rows}

    def is_empty(self) -> bool:
        """True if the daemon has written none."""
        return not self._value("SELECT EXISTS (SELECT 1 FROM page_files)")

    def expect(self, names: Iterable[str]) -> None:
        """Record that files are about to be written: a kill leaves what nobody knows."""
        added = "INSERT OR REPLACE INTO page_files VALUES (?, '', 0)"
        self._write_all(added, ((name,) for name in names))

    def settle(self, files: Mapping[str, WrittenFile]) -> None:
        """Record that files are written."""
        added = "INSERT OR REPLACE INTO page_files VALUES (?, ?, ?)"
        self._write_all(added, ((name, *each) for name, each in files.items()))

    def forget(self, names: Iterable[str]) -> None:
        """Record that files were removed."""
        self._write_all("DELETE FROM page_files WHERE name = ?", ((name,) for name in names))

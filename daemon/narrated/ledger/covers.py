"""Covers that the daemon wrote for the feed, so that a kill leaves none behind."""

import os

from narrated.ledger.database import Repository

_LEAVING = (
    "SELECT file FROM page_pictures WHERE current = 0 AND NOT EXISTS"
    " (SELECT 1 FROM page_copies WHERE page_copies.file = page_pictures.file)"
)


class Covers(Repository):
    """Covers by their outbox paths. Each is of an episode, or of the show, whose path is empty."""

    _table = "covers"

    def expect(self, file: str, path: str, sha256: str) -> None:
        """Record that a cover is about to be written."""
        added = (
            f"INSERT INTO {self._table} VALUES (?, ?, ?, 0)"
            " ON CONFLICT (file) DO UPDATE SET path = excluded.path, sha256 = excluded.sha256"
        )
        self._write(added, os.fsencode(file), os.fsencode(path), sha256)

    def sha256(self, file: str) -> str:
        """Return the digest of what was written as this file last; empty if nothing was."""
        found = self._value(f"SELECT sha256 FROM {self._table} WHERE file = ?", os.fsencode(file))
        return str(found or "")

    def settle(self, path: str, *files: str) -> None:
        """Record that the feed names these covers, and no others, for a source or the show."""
        with self._db.transaction():
            self._db.rows(
                f"UPDATE {self._table} SET current = 0 WHERE path = ?", (os.fsencode(path),)
            )
            named = f"UPDATE {self._table} SET current = 1 WHERE path = ? AND file = ?"
            self._db.executemany(named, [(os.fsencode(path), os.fsencode(file)) for file in files])

    def current(self, path: str) -> list[str]:
        """Return the covers of a source, or of the show, that the feed names."""
        named = f"SELECT file FROM {self._table} WHERE path = ? AND current = 1 ORDER BY file"
        return self._paths(named, os.fsencode(path))

    def rename(self, old: str, new: str) -> None:
        """Give the covers of a source that moved to its new path."""
        moved = f"UPDATE {self._table} SET path = ? WHERE path = ?"
        self._write(moved, os.fsencode(new), os.fsencode(old))

    def is_empty(self) -> bool:
        """True if there are none."""
        return not self._value(f"SELECT EXISTS (SELECT 1 FROM {self._table})")

    def known(self) -> list[str]:
        """Return all of them."""
        return self._paths(f"SELECT file FROM {self._table}")

    def leaving(self) -> list[str]:
        """Return the covers that the feed names no more."""
        return self._paths(f"SELECT file FROM {self._table} WHERE current = 0 ORDER BY file")

    def forget(self, file: str) -> None:
        """Record that a cover was removed."""
        self._write(f"DELETE FROM {self._table} WHERE file = ?", os.fsencode(file))


class PagePictures(Covers):
    """Pictures that the daemon wrote for the page, by their outbox paths, as covers are."""

    _table = "page_pictures"

    def leaving(self) -> list[str]:
        """Return the pictures that neither the page shows nor a text that was made for it."""
        return self._paths(f"{_LEAVING} ORDER BY file")

    def is_leaving(self, file: str) -> bool:
        """True if nothing shows a picture."""
        return bool(self._paths(f"{_LEAVING} AND file = ?", os.fsencode(file)))

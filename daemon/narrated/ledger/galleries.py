"""Folders that are galleries, by the path of the settings file that says so."""

import os

from narrated.ledger.database import Repository


class Galleries(Repository):
    """Galleries, and which of them have changed since their last job was created."""

    def mark_changed(self, path: str) -> None:
        """Record a gallery, and that its folder has changed."""
        self._write("INSERT OR REPLACE INTO galleries VALUES (?, 1)", os.fsencode(path))

    def mark_taken_up(self, path: str) -> None:
        """Record that a job reads the folder as it is now."""
        self._write("UPDATE galleries SET has_changed = 0 WHERE path = ?", os.fsencode(path))

    def forget(self, path: str, *, if_changed: bool = True) -> None:
        """Forget a gallery; without `if_changed` only one that has not changed meanwhile."""
        condition = "path = ? AND has_changed <= ?"
        self._write(f"DELETE FROM galleries WHERE {condition}", os.fsencode(path), if_changed)

    def is_known(self, path: str) -> bool:
        """True if a path is that of a gallery, or may be one."""
        known = "SELECT 1 FROM galleries WHERE path = ?"
        return self._value(known, os.fsencode(path)) is not None

    def changed(self) -> list[str]:
        """Return the galleries that have changed since their last job was created."""
        return self._paths("SELECT path FROM galleries WHERE has_changed ORDER BY path")

    def files_beside(self, path: str) -> dict[str, tuple[str, int]]:
        """Return the files in a gallery's own folder: sha256 and mtime in nanoseconds, by path."""
        folder = os.fsencode(path.rpartition("/")[0])
        start = folder + b"/" if folder else b""
        rows = self._db.rows(
            "SELECT path, sha256, mtime_ns FROM sources WHERE path > ? AND path < ?"
            " AND gone_at IS NULL AND sha256 <> '' AND NOT instr(substr(path, ?), x'2f')",
            (start, folder + b"0" if folder else b"\xff", len(start) + 1),
        )
        return {os.fsdecode(file): (sha256, mtime_ns) for file, sha256, mtime_ns in rows}

    def narrated_alone(self) -> list[tuple[str, str]]:
        """Return the pictures of published galleries that have a narration of their own, too.

        Each comes with the gallery's path.
        """
        rows = self._db.rows(
            "SELECT shows.picture, shows.post FROM galleries"
            " JOIN jobs AS posts ON posts.path = galleries.path AND posts.state = 'done'"
            " JOIN shows ON shows.post = galleries.path AND shows.sha256 <> ''"
            " JOIN jobs ON jobs.path = shows.picture AND jobs.state = 'done'"
        )
        return [(os.fsdecode(picture), os.fsdecode(gallery)) for picture, gallery in rows]

"""The `podcast:` sections of folders' settings, as they were read last."""

import os
from typing import NamedTuple

from narrated.ledger.database import Repository
from narrated.reading.file_kinds import FOLDER_SETTINGS

_ENDING = f"/{FOLDER_SETTINGS}".encode()
_IS_SETTINGS = f"(path = ? OR substr(path, -{len(_ENDING)}) = ?) AND gone_at IS NULL"
_SETTINGS = (_ENDING[1:], _ENDING)


class FolderSection(NamedTuple):
    """A settings file and its section."""

    path: str
    section: bytes
    problem: str


class FolderShows(Repository):
    """Sections by the inbox paths of their files."""

    def changed(self) -> dict[str, str]:
        """Return the settings of folders in versions that were not read yet, with their digests."""
        rows = self._db.rows(
            f"SELECT path, sha256 FROM sources WHERE {_IS_SETTINGS} AND sha256 <> '' AND NOT EXISTS"
            " (SELECT 1 FROM folder_shows WHERE folder_shows.path = sources.path"
            "  AND folder_shows.sha256 = sources.sha256)",
            _SETTINGS,
        )
        return {os.fsdecode(path): sha256 for path, sha256 in rows}

    def left(self) -> list[str]:
        """Return the files read before that are gone, while others stand in their folders.

        A folder that is gone as a whole takes no show along: its narrations may stay.
        """
        gone = self._paths(
            "SELECT path FROM folder_shows WHERE NOT EXISTS (SELECT 1 FROM sources"
            " WHERE sources.path = folder_shows.path AND gone_at IS NULL)"
        )
        return [path for path in gone if self._has_others(path)]

    def keep(self, path: str, sha256: str, section: bytes | None, problem: str = "") -> None:
        """Keep the section of a version; with a problem, the section of before stays."""
        kept = "folder_shows.section" if problem else "excluded.section"
        self._write(
            "INSERT INTO folder_shows VALUES (?, ?, ?, ?) ON CONFLICT (path) DO UPDATE SET"
            f" sha256 = excluded.sha256, problem = excluded.problem, section = {kept}",
            *(os.fsencode(path), sha256, section, problem),
        )

    def section(self, path: str) -> bytes | None:
        """Return the section of a file; None if it gives no show."""
        found = self._value("SELECT section FROM folder_shows WHERE path = ?", os.fsencode(path))
        return None if found is None else bytes(found)

    def forget(self, path: str) -> None:
        """Record that a folder has no settings any more."""
        self._write("DELETE FROM folder_shows WHERE path = ?", os.fsencode(path))

    def all(self) -> list[FolderSection]:
        """Return the files that give a show, or have a problem."""
        rows = self._db.rows(
            "SELECT path, section, problem FROM folder_shows"
            " WHERE section IS NOT NULL OR problem <> '' ORDER BY path"
        )
        return [
            FolderSection(os.fsdecode(path), bytes(section or b""), problem)
            for path, section, problem in rows
        ]

    def _has_others(self, path: str) -> bool:
        folder = os.fsencode(path).rpartition(b"/")[0]
        if not folder:
            return True
        others = "SELECT 1 FROM sources WHERE gone_at IS NULL AND path > ? AND path < ? LIMIT 1"
        return self._value(others, folder + b"/", folder + b"0") is not None

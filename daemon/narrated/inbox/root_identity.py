"""Identity of the inbox's root: is it there, and is it still the same folder."""

import os
from pathlib import Path

from narrated.inbox.file_system_facts import birth_time_ns
from narrated.inbox.name_rules import NameKind, judge

SUDDENLY_EMPTY = "The inbox is suddenly empty; what was read before keeps its narration."

Identity = tuple[int, int, int]
"""Device, inode number and birth time.

A new folder often gets the inode number of a removed one; the birth time tells them apart.
"""


class RootIdentity:
    """Remembers the identity of the accepted root, and notices another folder in its place."""

    def __init__(self, path: Path) -> None:
        self._path = path.absolute()
        self.path = str(self._path)
        self.problem = "was not looked at yet"
        """The reason why the root cannot be used now; empty if it is well."""
        self._accepted: Identity | None = None
        self._found: Identity | None = None

    def check(self) -> str:
        """Return the problem of the root since it was accepted; empty if it is well."""
        try:
            status = self._path.stat()
        except OSError as error:
            return _access_problem(error)
        if self._identity(status) != self._accepted:
            return "The inbox was replaced by another folder."
        return ""

    def obstacle(self, has_known_files: bool) -> str:
        """Return the reason against accepting the present folder as the root; empty if none.

        With known files, an empty folder is refused: it is a mount point without its mount, or an
        accident of a synchroniser.
        """
        try:
            os.scandir(self.path).close()
            status = self._path.stat()
        except OSError as error:
            return _access_problem(error)
        self._found = self._identity(status)
        return SUDDENLY_EMPTY if has_known_files and self.is_empty() else ""

    def accept(self) -> bool:
        """Accept the folder that `obstacle` saw as the root; True if it replaces another."""
        before, self._accepted = self._accepted, self._found
        self.problem = ""
        return before not in (None, self._accepted)

    def _identity(self, status: os.stat_result) -> Identity:
        return status.st_dev, status.st_ino, birth_time_ns(self.path)

    def is_empty(self) -> bool:
        """True if the root holds nothing but temporary files, or cannot be listed."""
        try:
            with os.scandir(self.path) as entries:
                return all(judge(entry.name) is NameKind.TEMPORARY for entry in entries)
        except OSError:
            return True


def _access_problem(error: OSError) -> str:
    if isinstance(error, FileNotFoundError):
        return "The inbox is missing."
    if isinstance(error, NotADirectoryError):
        return "The inbox is not a folder."
    return f"The inbox cannot be read: {error.strerror}."

"""The inbox's root: whether it is there, whether it is still the same one, and where it lies."""

import os
from pathlib import Path

from narrated.inbox.birth_time import born_ns
from narrated.inbox.name_rules import NameKind, judge

SUDDENLY_EMPTY = "The inbox is suddenly empty; what was read before keeps its narration."


Identity = tuple[int, int, int]
"""Device, inode number, and time of birth: a folder made anew may get the same number."""


class RootIdentity:
    """Remembers which folder the root was, to notice when another stands in its place."""

    def __init__(self, path: Path) -> None:
        self._path = path.absolute()
        self.place = str(self._path)
        self.problem = "was not looked at yet"
        """Why it cannot be used now; empty when it is well."""
        self._identity: Identity | None = None
        self._standing: Identity | None = None

    def look(self) -> str:
        """Say what is wrong with the root since it was accepted; empty when it is well."""
        try:
            status = self._path.stat()
        except OSError as error:
            return _absence(error)
        if self._identify(status) != self._identity:
            return "The inbox was replaced by another folder."
        return ""

    def obstacle(self, filled: bool) -> str:
        """Say why the folder that stands there now cannot be taken as the root; empty if it can.

        `filled` says that files are remembered: an empty folder is then no inbox, but a mount
        point without its mount, or a synchroniser's accident.
        """
        try:
            os.scandir(self.place).close()
            status = self._path.stat()
        except OSError as error:
            return _absence(error)
        self._standing = self._identify(status)
        return SUDDENLY_EMPTY if filled and self.is_empty() else ""

    def accept(self) -> bool:
        """Take the folder that `obstacle` saw as the root; tells whether it replaces another."""
        before, self._identity = self._identity, self._standing
        self.problem = ""
        return before not in (None, self._identity)

    def disown(self) -> None:
        """Hold whatever stands there now for a new folder: its watch died, its number may lie.

        A folder that is removed and made anew often gets the same inode number.
        """
        self._identity = (-1, -1, -1)

    def _identify(self, status: os.stat_result) -> Identity:
        return status.st_dev, status.st_ino, born_ns(self.place)

    def is_empty(self) -> bool:
        """Tell whether nothing of anybody's lies in the root; temporaries do not count."""
        try:
            with os.scandir(self.place) as entries:
                return all(judge(entry.name) is NameKind.TEMPORARY for entry in entries)
        except OSError:
            return True


def _absence(error: OSError) -> str:
    if isinstance(error, FileNotFoundError):
        return "The inbox is missing."
    if isinstance(error, NotADirectoryError):
        return "The inbox is not a folder."
    return f"The inbox cannot be read: {error.strerror}."

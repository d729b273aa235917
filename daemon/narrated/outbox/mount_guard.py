"""Whether the outbox is there, and not the empty mount point of a disk that was taken away."""

import errno
import os
from pathlib import Path

from narrated.errors import StorageError
from narrated.outbox.output_names import STATUS_NAME
from narrated.printable import printable
from narrated.storage_errors import storing

_OF_A_NEW_DISK = {STATUS_NAME, "lost+found"}


class MountGuard:
    """The outbox's root, and the device (st_dev) that narrations were put on.

    An empty folder on another device is no outbox of ours. One that holds something is: it was
    moved to a new disk, or devices were numbered otherwise at boot; and an outbox that stays on
    its device may be emptied by whoever listens.
    """

    def __init__(self, outbox: Path, device: int | None) -> None:
        """`device` None: nothing was put anywhere yet."""
        self.outbox = outbox
        self.device = device
        self.problem: StorageError | None = None
        """What `look` saw last."""

    def insist(self) -> int:
        """The device that the outbox is on; StorageError where it is not ours, or not there."""
        with storing(str(self.outbox)):
            device = self.outbox.stat().st_dev
            if self.device not in (None, device) and self._is_empty():
                raise self._lost()
        return device

    def look(self) -> None:
        """See whether anything could be put there now."""
        try:
            self.insist()
            with storing(str(self.outbox)):
                self._insist_on_rights()
        except StorageError as problem:
            self.problem = problem
        else:
            self.problem = None

    def _is_empty(self) -> bool:
        with os.scandir(self.outbox) as entries:
            names = {entry.name for entry in entries if not entry.name.startswith(".narrated-")}
        return names <= _OF_A_NEW_DISK

    def _insist_on_rights(self) -> None:
        if os.access(self.outbox, os.W_OK | os.X_OK):
            return
        read_only = os.statvfs(self.outbox).f_flag & os.ST_RDONLY
        number = errno.EROFS if read_only else errno.EACCES
        raise OSError(number, os.strerror(number))

    def _lost(self) -> StorageError:
        return StorageError(
            f"The outbox {printable(str(self.outbox))} is empty and on another disk than before.",
            "Mount its disk, and the work goes on by itself; if this folder is meant, put any "
            "file into it.",
        )

"""Tells the outbox from the empty mount point of a missing disk, and from another daemon's."""

import errno
import os
from pathlib import Path

from narrated.errors import AlreadyRunning, StorageError
from narrated.os_error_remedies import storing
from narrated.outbox.outbox_lock import OutboxLock
from narrated.outbox.unique_stems import STATUS_NAME
from narrated.printable import printable

_OF_A_NEW_DISK = {STATUS_NAME, "lost+found"}


class MountGuard:
    """Compares the outbox's device (st_dev) with the device of earlier narrations.

    An empty folder on another device is not the outbox, but a mount point without its disk. A
    folder with files is: it was moved to a new disk, or the device numbers changed at boot. The
    listener may empty an outbox that stays on its device.
    """

    def __init__(self, outbox: Path, device: int | None, lock: OutboxLock | None = None) -> None:
        """`device` is None before the first publication; `lock` is the daemon's."""
        self.outbox = outbox
        self._lock = lock
        self.device = device
        self.problem: StorageError | None = None
        """The problem that the last `look` found."""

    def check(self) -> int:
        """Return the outbox's device.

        Errors: StorageError if it is missing, a bare mount point, or another daemon's.
        """
        try:
            return self.claim()
        except AlreadyRunning as error:  # another outbox was put there while both were running
            remedy = "Stop one of the two; the work goes on by itself."
            raise StorageError(error.problem, remedy) from error

    def claim(self) -> int:
        """The same at the start. Errors: StorageError; AlreadyRunning if it is another daemon's."""
        device = self._checked_device()
        if self._lock is not None:
            with storing(str(self.outbox)):
                self._lock.hold()
        return device

    def _checked_device(self) -> int:
        with storing(str(self.outbox)):
            device = self.outbox.stat().st_dev
            if self.device in (None, device) or not self._is_empty():
                return device
        raise StorageError(
            f"The outbox {printable(str(self.outbox))} is empty and on another disk than before.",
            "Mount its disk, and the work goes on by itself. If you mean this folder, put any file "
            "into it.",
        )

    def look(self) -> None:
        """Check whether the outbox can be written now, and set `problem`."""
        try:
            self.check()
            with storing(str(self.outbox)):
                self._check_rights()
        except StorageError as problem:
            self.problem = problem
        else:
            self.problem = None

    def _is_empty(self) -> bool:
        with os.scandir(self.outbox) as entries:
            names = (entry.name for entry in entries)
            return all(name in _OF_A_NEW_DISK or name.startswith(".narrated-") for name in names)

    def _check_rights(self) -> None:
        if os.access(self.outbox, os.W_OK | os.X_OK):
            return
        read_only = os.statvfs(self.outbox).f_flag & os.ST_RDONLY
        number = errno.EROFS if read_only else errno.EACCES
        raise OSError(number, os.strerror(number))

"""Explains errors of the storage, with the remedy for each."""

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager

from narrated.errors import StorageError
from narrated.printable import printable

_REMEDIES = {
    errno.ENOSPC: "Free some space there; the work goes on by itself.",
    errno.EDQUOT: "Raise the quota or free some space; the work goes on by itself.",
    errno.EROFS: "Mount it writable again; the work goes on by itself.",
    errno.EACCES: "Give the account that runs narrated the right to write there "
    "(chmod g+rwxs, chgrp narrated); `narrated doctor` checks it.",
    errno.ENOENT: "Make the folder, or mount the disk that holds it.",
    errno.ENOTDIR: "Put a real folder there, not a file or a link.",
    errno.EISDIR: "A folder stands where a file must go: move it away.",
    errno.EIO: "The disk reports a fault: look at its health and at the kernel's log.",
    errno.ENAMETOOLONG: "Give the source a shorter name.",
    errno.EMFILE: "Raise the limit of open files (LimitNOFILE in the unit).",
}
_SAME = {errno.EPERM: errno.EACCES, errno.ELOOP: errno.ENOTDIR, errno.ENFILE: errno.EMFILE}


def storage_error(error: OSError, where: str) -> StorageError:
    """Turn an OSError into words: the path, the reason, and the remedy."""
    number = error.errno or 0
    reason = os.strerror(number) if number else str(error)
    remedy = _REMEDIES.get(_SAME.get(number, number), "")
    return StorageError(f"{printable(where)} could not be written: {reason}.", remedy)


@contextmanager
def storing(where: str) -> Iterator[None]:
    """Turn every OSError into a StorageError that names `where`."""
    try:
        yield
    except OSError as error:
        raise storage_error(error, where) from error

"""Reads back what stands in the outbox, and trusts nothing there: who syncs it may write it.

A file is opened below the outbox component by component. A link, a pipe, a device, a file that is
too large or too deep, or one that is no manifest is not ours: the journal says so once, and it
stays as it is.
"""

import errno
import logging
import os
import stat
from contextlib import suppress
from functools import lru_cache
from io import BufferedReader
from pathlib import Path

from narrated import regular_file
from narrated.audio.formats import LONG_SUFFIXES
from narrated.errors import StorageError
from narrated.os_error_remedies import storing
from narrated.outbox import manifest as manifests
from narrated.outbox.manifest import MANIFEST_SUFFIX, NO_MANIFEST, Manifest, ManifestOutput
from narrated.outbox.open_folder import absent_if_refused, opened, split
from narrated.outbox.portable_names import LONGEST_NAME_BYTES
from narrated.outbox.unique_stems import is_inside
from narrated.printable import printable
from narrated.regular_file import NotRegular

MOST_MANIFEST_BYTES = 32 * 2**20
MOST_NOTE_BYTES = 64 * 2**10

_NOT_OURS = {
    errno.ELOOP: "it is a link",
    errno.ENXIO: "it is a socket or a device",
    errno.ENODEV: "it is a device",
    errno.EACCES: "its rights forbid to read it",
    errno.EPERM: "its rights forbid to read it",
    errno.EAGAIN: "another program holds a lease on it",
}

log = logging.getLogger("narrated")


def manifest(outbox: Path, stem: str) -> Manifest | None:
    """Read the manifest of a narration; None if there is none of ours. Errors: StorageError."""
    folder_name, name = split(stem)
    where = str(outbox / (stem + MANIFEST_SUFFIX))
    with storing(where), suppress(FileNotFoundError):
        try:
            with opened(outbox, folder_name) as folder:
                return manifest_in(folder, name, where)
        except NotADirectoryError:
            _tell(where, "a link is on the way to it")
    return None


def known_manifest(outbox: Path, stem: str) -> Manifest:
    """Read the manifest of a narration that must have one. Errors: StorageError."""
    found = manifest(outbox, stem)
    if found is None:
        raise StorageError(
            f"{printable(str(outbox / stem))}{MANIFEST_SUFFIX} is not a manifest of narrated.",
            "Delete it, and the daemon publishes the narration again.",
        )
    return found


def manifest_in(folder: int, name: str, where: str) -> Manifest | None:
    """Read the manifest beside `name` in an open folder; None if there is none of ours.

    `where` is its path, for the journal. Its outputs are files of this narration in this folder.
    Errors: OSError.
    """
    content = _content(folder, name + MANIFEST_SUFFIX, where, MOST_MANIFEST_BYTES)
    if content is None:
        return None
    try:
        found = manifests.decode(content)
    except NO_MANIFEST as error:
        if not where.endswith(LONG_SUFFIXES):
            _tell(where, f"it is no manifest: {error}")
        return None
    if not all(_belongs_to(name, each) for each in found.outputs):
        _tell(where, "it names files of others")
        return None
    return found


def note(outbox: Path, name: str, limit_bytes: int = MOST_NOTE_BYTES) -> bytes | None:
    """Read a note, or a script; None if there is none, or if something else stands there."""
    folder_name, last = split(name)
    with suppress(OSError), opened(outbox, folder_name) as folder:
        return _content(folder, last, str(outbox / name), limit_bytes)
    return None


def file_in(folder: int, name: str, where: str = "") -> BufferedReader | None:
    """Open a file in an open folder; None if it is absent or not ours.

    `where` is its path, for the journal; without one, nothing is told. Errors: OSError of the
    storage.
    """
    try:
        with absent_if_refused():
            return regular_file.opened(name, folder)
    except FileNotFoundError:
        return None
    except NotRegular as error:
        _tell(where, f"it is {error.strerror}")
    except OSError as error:
        if error.errno not in _NOT_OURS:
            raise
        _tell(where, _NOT_OURS[error.errno])
    return None


def size_in(folder: int, name: str) -> int | None:
    """Return the size of a file in an open folder; None if it is absent or a link.

    -1 for anything else, so that no manifest agrees with it. Errors: OSError.
    """
    with suppress(FileNotFoundError), absent_if_refused():
        status = os.stat(name, dir_fd=folder, follow_symlinks=False)
        if not stat.S_ISLNK(status.st_mode):
            return status.st_size if stat.S_ISREG(status.st_mode) else -1
    return None


def _content(folder: int, name: str, where: str, limit_bytes: int) -> bytes | None:
    """Read a file; None if it is absent or not ours. Errors: OSError of the storage."""
    file = file_in(folder, name, where)
    if file is None:
        return None
    with file:
        content = regular_file.read(file, limit_bytes)
    if content is None:
        _tell(where, f"it is larger than {limit_bytes >> 10} KiB")
    return content


def _belongs_to(name: str, output: ManifestOutput) -> bool:
    """True if an output is a file of this narration, in the folder of its manifest."""
    is_name = is_inside(output.name) and "/" not in output.name
    fits = len(os.fsencode(output.name)) <= LONGEST_NAME_BYTES
    before, _, suffix = output.name.rpartition(".")  # `post.md.mp3` is of the source `post.md`
    is_ours = before == name and bool(suffix)
    is_long = output.name in (name + suffix for suffix in LONG_SUFFIXES)
    return is_name and fits and (is_ours or is_long)


@lru_cache(maxsize=1024)
def _tell(where: str, reason: str) -> None:
    """Log once that something in the outbox is not ours."""
    if where:
        log.warning("%s in the outbox is not ours, and is left alone: %s", printable(where), reason)

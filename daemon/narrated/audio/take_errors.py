"""Errors about the files of takes: one that is damaged, one that the storage refuses."""

from pathlib import Path

from narrated.errors import StorageError


def damaged(path: Path) -> StorageError:
    """The error of a file that does not decode to its own digest."""
    return StorageError(f"{path} is damaged.", "Delete it: the daemon speaks it again.")


def refused(path: Path, verb: str, error: Exception) -> StorageError:
    """The error of a cache file that the storage refuses to have read, written or removed."""
    reason = getattr(error, "problem", None) or getattr(error, "strerror", None) or str(error)
    if isinstance(error, FileExistsError | NotADirectoryError):
        reason = "a file stands in the place of its folder"
    return StorageError(
        f"The cache file {path} cannot be {verb}: {reason.rstrip('.')}.",
        "Make room on its disk, or mend its rights; the work goes on by itself. `cache:` in the "
        "configuration names the folder.",
    )

"""Damaged ledgers: the error, and setting the file aside for a new one."""

from collections.abc import Iterator
from contextlib import suppress
from datetime import datetime
from itertools import count
from pathlib import Path

from narrated.errors import StorageError


class DamagedLedger(StorageError):
    """SQLite found damage in the ledger's file; the next start restores a new one."""

    def __init__(self, reason: str) -> None:
        super().__init__(
            f"The ledger is damaged: {reason}.",
            "Restart the daemon: it sets the ledger aside, and restores a new one from the outbox.",
        )


def set_aside(path: Path) -> Path:
    """Rename a damaged ledger to a free name, and return its new path.

    Its log goes first: SQLite would read a log left behind as the next ledger's.
    Errors: StorageError.
    """
    aside = next(each for each in _asides(path) if not each.exists())
    try:
        for suffix in ("-wal", "-shm", ""):
            with suppress(FileNotFoundError):
                Path(f"{path}{suffix}").rename(f"{aside}{suffix}")
    except OSError as error:
        raise StorageError(
            f"The damaged ledger {path} cannot be set aside: {error.strerror}.",
            "Give the account that runs narrated the right to write in its folder.",
        ) from error
    return aside


def last_aside(path: Path) -> Path | None:
    """Find the newest damaged ledger that was set aside; None if there is none."""
    kept = path.parent.glob(f"{path.stem}.damaged-*{path.suffix}")
    return max(kept, key=lambda each: each.lstat().st_ctime_ns, default=None)


def _asides(path: Path) -> Iterator[Path]:
    stem = f"{path.stem}.damaged-{datetime.now().astimezone():%Y-%m-%d}"
    yield path.with_name(f"{stem}{path.suffix}")
    yield from (path.with_name(f"{stem}-{number}{path.suffix}") for number in count(2))

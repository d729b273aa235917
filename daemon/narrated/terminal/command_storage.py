"""The folder of a command that speaks by itself: kept in a cache, so that a cut one goes on."""

import os
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from narrated import private_files
from narrated.config.file import unconfigured_cache, user_cache
from narrated.config.values import Config
from narrated.errors import NarratedError
from narrated.ledger.schema import UnknownLedger
from narrated.ledger.set_aside import DamagedLedger
from narrated.ledger.store import Ledger
from narrated.service.state_lock import LockHolder, StateLock

LEDGER = "ledger.sqlite"
FOLDER = "commands"
"""Below a cache folder: the ledger of what commands spoke, and its takes."""
MOST_BYTES = 2 * 10**9
"""Bound on these takes; `cache_limit` may lower it."""
LEAST_BYTES = 64 * 2**20
"""However low that is: what is spoken ahead has to fit."""


@contextmanager
def command_storage(config: Config | None) -> Iterator[Path]:
    """Yield a folder for state and takes, which no other process uses meanwhile.

    The next command finds in it what this one spoke. It is a temporary one if another command uses
    it now, or if this account has no cache that it may write.
    """
    with ExitStack() as stack:
        for cache in _caches(config):
            folder = cache / FOLDER
            try:
                stack.enter_context(_held(folder))
            except (NarratedError, OSError):
                continue
            yield folder
            return
        yield Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="narrated-")))


def takes_bytes(config: Config | None) -> int:
    """The bound on the takes in it."""
    limit_bytes = MOST_BYTES if config is None else min(MOST_BYTES, config.cache_limit)
    return max(LEAST_BYTES, limit_bytes)


def _caches(config: Config | None) -> Iterator[Path]:
    """The caches that are this account's own, or that it may make."""
    configured = unconfigured_cache() if config is None else config.cache
    for folder in dict.fromkeys((configured, user_cache())):
        if _is_own(folder):
            yield folder


def _is_own(folder: Path) -> bool:
    """True if a folder is this account's, or would be made in one of its own.

    Root makes none for the service, which could not write there.
    """
    try:
        return folder.stat().st_uid == os.geteuid()
    except FileNotFoundError:
        is_service = folder.is_relative_to("/var")
        return not is_service and folder.parent != folder and _is_own(folder.parent)
    except OSError:
        return False


@contextmanager
def _held(folder: Path) -> Iterator[None]:
    private_files.make_folder(folder.parent)
    private_files.make_folder(folder)
    with StateLock(folder, LockHolder(os.getpid())):
        try:
            Ledger(folder / LEDGER).close()
        except (
            UnknownLedger,
            DamagedLedger,
        ):  # nothing is lost with it: the takes are listed again
            for file in folder.glob(f"{LEDGER}*"):
                file.unlink()
        yield

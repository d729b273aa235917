"""Atomic writes: a file is written under a draft's name, and renamed once it is complete."""

import os
import re
import secrets
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import cache
from pathlib import Path

_DRAFT_NAME = re.compile(r"\.narrated-[0-9a-f]{16}\.tmp")


@contextmanager
def atomic_write(target: Path, draft: Path | None = None) -> Iterator[Path]:
    """Yield the path to write; on a clean exit it replaces the target, on an error it is removed.

    `draft` must be on the target's file system; by default it is a new name in the target's folder.
    Nothing is synced: sync the draft before the exit if a power failure must not lose it.

    Four writers do without it: the caller of `AudioEncoder` closes or discards the draft,
    `DraftFile` works through open folders, `voices add` swaps whole folders, and a download of
    `ModelStore` survives an error, so that the next pull continues it.
    """
    draft = draft or target.with_name(draft_name())
    try:
        yield draft
        draft.replace(target)
    except BaseException:
        with suppress(OSError):  # the storage may refuse this as well
            draft.unlink(missing_ok=True)
        raise


def draft_name() -> str:
    """Return a unique name for a draft; synchronisers are told to ignore such names."""
    return f".narrated-{_prefix(os.getpid())}{secrets.token_hex(4)}.tmp"


def is_draft(name: str) -> bool:
    """True if this is the name of a draft."""
    return _DRAFT_NAME.fullmatch(name) is not None


def drafts_in(folder: int) -> list[str]:
    """List the drafts in an open folder that a killed process left behind.

    The name tells whose draft it is. A file's time tells nothing if the clock was set.
    """
    names = [name for name in os.listdir(folder) if is_draft(name)]
    return [name for name in names if not name.startswith(f".narrated-{_prefix(os.getpid())}")]


@cache
def _prefix(process: int) -> str:
    """A random prefix for each process; a forked child draws its own."""
    return secrets.token_hex(4)

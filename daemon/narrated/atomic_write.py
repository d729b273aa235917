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

    Three writers have their own draft: `AudioEncoder` is closed or discarded by its caller,
    `DraftFile` works through open folders, and voice folders are swapped as a whole.
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
    return f".narrated-{_this_process()}{secrets.token_hex(4)}.tmp"


def drafts_in(folder: int) -> list[str]:
    """List the drafts in an open folder that a killed process left behind.

    The name tells whose draft it is. A file's time tells nothing if the clock was set.
    """
    names = [name for name in os.listdir(folder) if _DRAFT_NAME.fullmatch(name)]
    return [name for name in names if not name.startswith(f".narrated-{_this_process()}")]


def _this_process() -> str:
    return _drawn_for(os.getpid())


@cache
def _drawn_for(process: int) -> str:
    """A random prefix for each process; a forked child draws its own."""
    return secrets.token_hex(4)

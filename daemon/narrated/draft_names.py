"""Names of unfinished files: unique to this process, and left out by syncing."""

import os
import re
import secrets
from functools import cache

_DRAFT_NAME = re.compile(r"\.narrated-[0-9a-f]{16}\.tmp")


def draft_name() -> str:
    """A name for an unfinished file, that nobody else uses and syncing leaves out."""
    return f".narrated-{_this_process()}{secrets.token_hex(4)}.tmp"


def drafts_in(folder: int) -> list[str]:
    """The names of unfinished files that no draft of this process has: a kill left them behind.

    Told by name: the time of a file says nothing where the clock was set.
    """
    names = [name for name in os.listdir(folder) if _DRAFT_NAME.fullmatch(name)]
    return [name for name in names if not name.startswith(f".narrated-{_this_process()}")]


def _this_process() -> str:
    return _drawn_for(os.getpid())


@cache
def _drawn_for(process: int) -> str:
    """What no other process has; one that was forked from this one is another, too."""
    return secrets.token_hex(4)

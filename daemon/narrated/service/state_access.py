"""Tells whoever may not look into the daemon's state what to do: to join a group, not to chmod."""

import os
import stat
from pathlib import Path

from narrated.account_names import account_name, as_account, group_name, how_to_join
from narrated.daemon_commands import START
from narrated.errors import NarratedError
from narrated.printable import printable


def refusal(path: Path) -> NarratedError | None:
    """The error for an account that may not use a file or folder of the state; None if it may.

    A path that does not exist refuses nobody.
    """
    try:
        status = path.stat()
    except PermissionError:
        return refusal(path.parent) or NarratedError(
            f"You may not look into {printable(str(path.parent))}.",
            "Ask as the account that runs the daemon: sudo -u narrated narrated …",
        )
    except OSError:
        return None
    needs = os.R_OK | os.X_OK if stat.S_ISDIR(status.st_mode) else os.R_OK | os.W_OK
    return None if os.access(path, needs) else _told(path, status)


def lock_refusal(state: Path) -> NarratedError | None:
    """The error for an account that may not see whether a daemon holds a state; None if it may."""
    lock = state / "lock"
    if not os.path.lexists(lock) or os.access(lock, os.R_OK):
        return None
    status = lock.lstat()
    owner = account_name(status.st_uid)
    by_group = status.st_gid and status.st_mode & stat.S_IRGRP  # nobody joins the group root
    who = f"the group {group_name(status.st_gid)}" if by_group else f"the account {owner}"
    ask = f"ask as {owner}: {as_account(owner)} …"
    return NarratedError(
        f"It may not be seen whether a daemon runs: only {who} may read {printable(str(lock))}.",
        f"{how_to_join(status.st_gid)}; or {ask}" if by_group else f"{ask[0].upper()}{ask[1:]}",
    )


def _told(path: Path, status: os.stat_result) -> NarratedError:
    owner, group = account_name(status.st_uid), group_name(status.st_gid)
    as_owner = f"{as_account(owner)} …"
    if status.st_gid and status.st_mode & _group_needs(status) == _group_needs(status):
        problem = f"Only the group {group} may use {printable(str(path))}."
        return NarratedError(
            problem, f"{how_to_join(status.st_gid)}; or ask as {owner}: {as_owner}"
        )
    problem = f"Only the account {owner} may use {printable(str(path))}."
    if stat.S_ISDIR(status.st_mode):
        return NarratedError(problem, f"Ask as that account: {as_owner}")
    return NarratedError(
        f"No daemon runs that could answer. {problem}",
        f"Start it ({START}), or ask as that account: {as_owner}",
    )


def _group_needs(status: os.stat_result) -> int:
    """The rights with which its group may use a file or folder."""
    is_folder = stat.S_ISDIR(status.st_mode)
    return stat.S_IRGRP | (stat.S_IXGRP if is_folder else stat.S_IWGRP)

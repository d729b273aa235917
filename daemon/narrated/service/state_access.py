"""Tells whoever may not look into the daemon's state what to do: to join a group, not to chmod."""

import grp
import os
import pwd
import stat
from contextlib import suppress
from pathlib import Path

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


def _told(path: Path, status: os.stat_result) -> NarratedError:
    owner, group = _account(status.st_uid), _group(status.st_gid)
    as_owner = "sudo narrated …" if owner == "root" else f"sudo -u {owner} narrated …"
    if status.st_mode & _group_needs(status) == _group_needs(status):
        problem = f"Only the group {group} may use {printable(str(path))}."
        return NarratedError(
            problem, f"{_how_to_join(status.st_gid)}; or ask as {owner}: {as_owner}"
        )
    problem = f"Only the account {owner} may use {printable(str(path))}."
    if stat.S_ISDIR(status.st_mode):
        return NarratedError(problem, f"Ask as that account: {as_owner}")
    return NarratedError(
        f"No daemon runs that could answer. {problem}",
        f"Start it (`systemctl start narrated`), or ask as that account: {as_owner}",
    )


def _group_needs(status: os.stat_result) -> int:
    """The rights with which its group may use a file or folder."""
    is_folder = stat.S_ISDIR(status.st_mode)
    return stat.S_IRGRP | (stat.S_IXGRP if is_folder else stat.S_IWGRP)


def _how_to_join(gid: int) -> str:
    group, user = _group(gid), _account(os.geteuid())
    if user in _members(gid):
        return "You are in it, but not since this log-in: log in again"
    return f"Join it and log in again: sudo usermod -aG {group} {user}"


def _account(uid: int) -> str:
    with suppress(KeyError):
        return pwd.getpwuid(uid).pw_name
    return str(uid)


def _group(gid: int) -> str:
    with suppress(KeyError):
        return grp.getgrgid(gid).gr_name
    return str(gid)


def _members(gid: int) -> list[str]:
    with suppress(KeyError):
        return grp.getgrgid(gid).gr_mem
    return []

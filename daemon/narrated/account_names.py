"""Names accounts and groups, and says how one gets the rights of another."""

import grp
import os
import pwd
from contextlib import suppress


def account_name(uid: int) -> str:
    """Return the name of an account; its number if it has no entry, as in a container."""
    with suppress(KeyError):
        return pwd.getpwuid(uid).pw_name
    return str(uid)


def group_name(gid: int) -> str:
    """Return the name of a group; its number if it has no entry."""
    with suppress(KeyError):
        return grp.getgrgid(gid).gr_name
    return str(gid)


def as_account(name: str) -> str:
    """Return the start of a command that runs narrated as another account."""
    return "sudo narrated" if name == "root" else f"sudo -u {name} narrated"


def how_to_join(gid: int) -> str:
    """Say how our own account comes into a group: by joining it, or by a new log-in."""
    user = account_name(os.geteuid())
    if user in _members(gid):
        return "You are in it, but not since this log-in: log in again"
    return f"Join it and log in again: sudo usermod -aG {group_name(gid)} {user}"


def _members(gid: int) -> list[str]:
    with suppress(KeyError):
        return grp.getgrgid(gid).gr_mem
    return []

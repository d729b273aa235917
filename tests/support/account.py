"""Lets a fork act for another account, which reads the interpreter wherever root keeps it."""

import ctypes
import os
import stat
import sys
from collections.abc import Iterator
from pathlib import Path

_NEW_MOUNTS = 0x20000  # CLONE_NEWNS
_BIND, _RECURSIVE, _PRIVATE = 0x1000, 0x4000, 0x40000


def become(user: int, group: int, *groups: int) -> None:
    """Give up root for a user, its own group and further ones. Only root can."""
    _open_folders(sys.base_prefix, sys.prefix, str(Path(__file__).parents[2]))
    os.setgroups(groups)
    os.setgid(group)
    os.setuid(user)


def _open_folders(*folders: str) -> None:
    """Let everybody reach these folders, in mounts of this process alone."""
    roots = {Path(folder).resolve() for folder in folders}
    closed = {parent for root in roots for parent in _closed(root)}
    if not closed:
        return
    libc = ctypes.CDLL(None, use_errno=True)
    _check(libc.unshare(_NEW_MOUNTS))
    _check(libc.mount(None, b"/", None, _RECURSIVE | _PRIVATE, None))
    kept = {root: os.open(root, os.O_PATH) for root in roots if closed & {*root.parents}}
    for folder in closed:
        _check(libc.mount(b"none", bytes(folder), b"tmpfs", 0, b"mode=755"))
    for root, fd in kept.items():
        root.mkdir(parents=True, exist_ok=True)
        _check(libc.mount(b"/proc/self/fd/%d" % fd, bytes(root), None, _BIND, None))
        os.close(fd)


def _closed(root: Path) -> Iterator[Path]:
    """The topmost folder on the way that others may not enter, if there is one."""
    closed = [each for each in root.parents if not each.stat().st_mode & stat.S_IXOTH]
    yield from closed[-1:]


def _check(result: int) -> None:
    if result:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))

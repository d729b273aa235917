"""File system queries that `os` lacks: birth time, remote mounts, chmod for a closed file."""

import ctypes
import os
import re
import shlex
import stat
import struct
from functools import lru_cache
from pathlib import Path
from typing import Any

from narrated.printable import printable

_AT_FDCWD = -100
_BASIC_STATS, _BIRTH = 0x7FF, 0x800
_STATX_BYTES = 256
_MASK = struct.Struct("=I")
_BIRTH_TIME = struct.Struct("=qI")
_BIRTH_OFFSET = 80

_MOUNTS = Path("/proc/self/mountinfo")
_REMOTE = frozenset(
    {"nfs", "nfs4", "cifs", "smb3", "smbfs", "9p", "ceph", "afs", "coda", "virtiofs", "vboxsf"}
)
_OCTAL = re.compile(r"\\([0-7]{3})")  # the kernel writes a space in a path as \040


def birth_time_ns(path: str) -> int:
    """Return a path's birth time in nanoseconds; 0 if the file system keeps none.

    Uses statx(2), in Linux since 4.11; Python's own stat does not return the birth time.
    """
    statx = _statx()
    buffer = ctypes.create_string_buffer(_STATX_BYTES)
    if statx is None or statx(_AT_FDCWD, os.fsencode(path), 0, _BASIC_STATS | _BIRTH, buffer):
        return 0
    (mask,) = _MASK.unpack_from(buffer.raw)
    if not mask & _BIRTH:
        return 0
    seconds, nanoseconds = _BIRTH_TIME.unpack_from(buffer.raw, _BIRTH_OFFSET)
    return int(seconds) * 10**9 + int(nanoseconds)


@lru_cache(maxsize=1)
def _statx() -> Any:
    """The C library's function; None if the library has none."""
    function = getattr(ctypes.CDLL(None), "statx", None)
    if function is not None:
        path, flags, mask, buffer = ctypes.c_char_p, ctypes.c_int, ctypes.c_uint, ctypes.c_void_p
        function.argtypes = (ctypes.c_int, path, flags, mask, buffer)
    return function


def remote_file_system(real_path: str) -> str:
    """Return the kind of file system under a path if inotify misses changes there; else "".

    inotify never reports a write by another machine, nor by a FUSE server.
    """
    kind = _file_system(real_path)
    return kind if kind in _REMOTE or kind.startswith("fuse.") else ""


def _file_system(path: str) -> str:
    deepest, kind = "", ""
    for line in _MOUNTS.read_text("utf-8", "surrogateescape").splitlines():
        fields = line.split(" ")
        mount = _OCTAL.sub(lambda match: chr(int(match[1], 8)), fields[4])
        inside = path == mount or path.startswith(mount.rstrip("/") + "/")
        if inside and len(mount) >= len(deepest):
            deepest, kind = mount, fields[fields.index("-") + 1]
    return kind


def chmod_remedy(path: str, status: os.stat_result) -> str:
    """Return the chmod command that lets the daemon read this file, or enter this folder."""
    bits = "rx" if stat.S_ISDIR(status.st_mode) else "r"
    command = f"chmod {_permission_class(status)}+{bits} {printable(shlex.quote(path))}"
    return f"In the inbox, run: {command}"


def _permission_class(status: os.stat_result) -> str:
    """The permission bits that the kernel checks for us: user's (u), group's (g) or others' (o)."""
    if status.st_uid == os.geteuid():
        return "u"
    return "g" if status.st_gid in {os.getegid(), *os.getgroups()} else "o"

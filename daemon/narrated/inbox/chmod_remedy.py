"""The chmod command that opens a closed file or folder of the inbox."""

import os
import shlex
import stat

from narrated.printable import printable


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

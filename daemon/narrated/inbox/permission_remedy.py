"""What a person types to let the daemon read a file."""

import os
import shlex
import stat

from narrated.printable import printable


def mending(path: str, status: os.stat_result) -> str:
    """Give the chmod that lets us read this file, or enter this folder, of the inbox."""
    bits = "rx" if stat.S_ISDIR(status.st_mode) else "r"
    return f"In the inbox, run: chmod {_class(status)}+{bits} {printable(shlex.quote(path))}"


def _class(status: os.stat_result) -> str:
    """Name whose permission bits the kernel asks for us: user's, group's or the others'."""
    if status.st_uid == os.geteuid():
        return "u"
    return "g" if status.st_gid in {os.getegid(), *os.getgroups()} else "o"

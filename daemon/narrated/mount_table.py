"""The kernel's table of mounts, as proc_pid_mountinfo(5) describes it."""

import os
import re
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

MOUNTINFO = Path("/proc/self/mountinfo")
_OCTAL = re.compile(r"\\([0-7]{3})")


class Mount(NamedTuple):
    """A mount of this process' namespace."""

    device: str
    """Major and minor number, such as `8:1`."""
    root: Path
    """The folder of the file system that is shown."""
    point: Path
    """The folder at which it is shown."""
    kind: str
    """The type of the file system."""


def mounts(table: Path = MOUNTINFO) -> list[Mount]:
    """Read the table; the last mount at a point is the visible one. Empty if it is unreadable."""
    with suppress(OSError):
        return parse_mounts(os.fsdecode(table.read_bytes()))
    return []


def parse_mounts(table: str) -> list[Mount]:
    """Parse the table's text, whose only line end is the newline: a path may hold the others."""
    return [_parsed(line) for line in table.split("\n") if " - " in line]


def _parsed(line: str) -> Mount:
    fields, _, rest = line.partition(" - ")
    _, _, device, root, point, *_ = fields.split(" ")
    return Mount(device, _path(root), _path(point), rest.split(" ")[0])


def _path(written: str) -> Path:
    """Read a path of the table: it has blanks as three octal digits."""
    return Path(_OCTAL.sub(lambda match: chr(int(match[1], 8)), written))

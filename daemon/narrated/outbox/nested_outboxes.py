"""Finds a living daemon whose outbox lies around this one, or inside it.

One of the two would take the other's narrations for its own.
"""

import os
from collections.abc import Iterator
from pathlib import Path

from narrated.mount_table import MOUNTINFO, mounts
from narrated.outbox.outbox_writer import OutboxWriter, living_writer

_OPEN = os.O_RDONLY | os.O_DIRECTORY | os.O_NONBLOCK | os.O_CLOEXEC

Found = tuple[Path, OutboxWriter]
"""A folder, and the daemon that writes it."""


def writer_above(outbox: Path, mountinfo: Path = MOUNTINFO) -> Found | None:
    """Find the writer of a folder that the outbox lies in, by links and bind mounts as well."""
    looked_at: set[Path] = set()
    for place in _places(outbox.resolve(), mountinfo):
        for folder in place.parents:
            if folder not in looked_at and (writer := _writer_of(folder)):
                return folder, writer
            looked_at.add(folder)
    return None


def writer_below(outbox: Path) -> Found | None:
    """Find the writer of a folder inside the outbox; about 0.04 ms a folder.

    Follows no links, and enters no folder whose name begins with a dot: nothing is narrated there.
    """
    folders = [str(outbox)]
    while folders:
        for path in _folders_in(folders.pop()):
            if writer := _writer_of(path):
                return Path(path), writer
            folders.append(path)
    return None


def _folders_in(folder: str) -> list[str]:
    try:
        with os.scandir(folder) as entries:
            return [
                entry.path
                for entry in entries
                if entry.is_dir(follow_symlinks=False) and not entry.name.startswith(".")
            ]
    except OSError:
        return []


def _writer_of(folder: Path | str) -> OutboxWriter | None:
    try:
        fd = os.open(folder, _OPEN | os.O_NOFOLLOW)
    except OSError:
        return None
    try:
        return living_writer(fd)
    finally:
        os.close(fd)


def _places(outbox: Path, mountinfo: Path) -> Iterator[Path]:
    """Yield the outbox's path, and each other where a mount shows the same folder."""
    yield outbox
    table = mounts(mountinfo)
    around = [mount for mount in table if outbox.is_relative_to(mount.point)]
    if around:
        own = max(around, key=lambda mount: len(mount.point.parts))
        inside = own.root / outbox.relative_to(own.point)
        for mount in table:
            if mount.device == own.device and inside.is_relative_to(mount.root):
                yield mount.point / inside.relative_to(mount.root)

"""Small real disks under a daemon's folders: filled, emptied, taken away and put back."""

import contextlib
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest


class Disk:
    """A tmpfs of its own, mounted at a folder."""

    def __init__(self, folder: Path, kib: int) -> None:
        self.folder = folder
        self._kib = kib

    def mount(self) -> None:
        """A fresh and empty one, over whatever is at the folder."""
        self.folder.mkdir(exist_ok=True, parents=True)
        options = f"size={self._kib}k,mode=0777"
        subprocess.run(
            ["mount", "-t", "tmpfs", "-o", options, "none", str(self.folder)], check=True
        )

    def take_away(self) -> None:
        """Unmount it, whoever works on it: an empty folder stands there then."""
        subprocess.run(["umount", "--lazy", str(self.folder)], check=True)

    def fill(self) -> None:
        """Leave not one byte; what is freed meanwhile is taken as well."""
        with (self.folder / ".filler").open("ab", buffering=0) as filler:
            for size in (1 << 16, 1 << 12):
                with contextlib.suppress(OSError):
                    while True:
                        filler.write(bytes(size))

    def empty(self) -> None:
        """Give all of it back."""
        (self.folder / ".filler").unlink()

    @property
    def is_full(self) -> bool:
        room = os.statvfs(self.folder)
        return room.f_bavail == 0


@contextlib.contextmanager
def small(folder: Path, kib: int) -> Iterator[Disk]:
    """A disk of so many KiB at a folder, for as long as the test lasts."""
    if os.geteuid() != 0:
        pytest.skip("only root can mount a small disk")
    disk = Disk(folder, kib)
    try:
        disk.mount()
    except subprocess.CalledProcessError:
        pytest.skip("this machine does not let us mount a small disk")
    try:
        yield disk
    finally:
        while os.path.ismount(folder):
            disk.take_away()

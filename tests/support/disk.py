"""Small real disks under a daemon's folders: filled, emptied, taken away and put back."""

import contextlib
import os
import shutil
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


_FUSE = {"exfat": "mount.exfat-fuse", "ntfs": "ntfs-3g"}
_OPTIONS = {"vfat": ["utf8"], "exfat": [], "ntfs": ["windows_names"]}
_MAKERS = {
    "vfat": ["mkfs.vfat", "-F", "32"],
    "exfat": ["mkfs.exfat"],
    "ntfs": ["mkntfs", "--fast", "--force", "--quiet"],
}
_IMAGE_BYTES = 1 << 26


def foreign_kinds() -> list[str]:
    """The file systems of other systems that this machine can make, and mount or serve by FUSE."""
    if os.geteuid() != 0 or not Path("/dev/loop-control").exists():
        return []
    return [kind for kind in _MAKERS if shutil.which(_MAKERS[kind][0]) and _mounter(kind)]


@contextlib.contextmanager
def foreign(folder: Path, kind: str) -> Iterator[None]:
    """Such a file system at a folder, for as long as the test lasts."""
    image = folder.with_name(f"{folder.name}.image")
    image.touch()
    os.truncate(image, _IMAGE_BYTES)
    folder.mkdir(exist_ok=True, parents=True)
    find = ["losetup", "--find", "--show", str(image)]
    loop = subprocess.run(find, check=True, capture_output=True, text=True).stdout.strip()
    try:
        subprocess.run([*_MAKERS[kind], loop], check=True, capture_output=True)
        options = ["-o", ",".join(_OPTIONS[kind])] if _OPTIONS[kind] else []
        try:
            subprocess.run([*_mounter(kind), *options, loop, str(folder)], check=True)
        except subprocess.CalledProcessError:
            pytest.skip(f"this machine does not let us mount {kind}")
        try:
            yield
        finally:
            subprocess.run(["umount", str(folder)], check=True)
    finally:
        subprocess.run(["losetup", "--detach", loop], check=True)


def _mounter(kind: str) -> list[str]:
    """The command that mounts a kind; none if neither the kernel nor FUSE can."""
    known = Path("/proc/filesystems").read_text().split()
    if kind in known:
        return ["mount", "-t", kind]
    is_served = "fuseblk" in known and Path("/dev/fuse").exists()
    served_by = shutil.which(_FUSE.get(kind, "")) if is_served else None
    return [served_by] if served_by else []

"""Checks what the kernel gives the inbox: leases, guarded hard links, enough inotify watches."""

import ctypes
import os
import re
from collections.abc import Iterable, Iterator
from pathlib import Path

from narrated.config.values import Config
from narrated.doctor.finding import Finding, is_folder, warning, well
from narrated.mount_table import Mount, mounts

# The server of these file systems, not this kernel, knows the open files: they have no leases.
_WITHOUT_LEASES = re.compile(r"nfs4?|cifs|smb3|9p|ceph|afs|vboxsf|virtiofs|fuse(\..*)?|fuseblk")
_FEWEST_INSTANCES = 16


def check_leases(config: Config) -> Iterator[Finding]:
    """Check that the kernel can tell if a program still writes a file of the inbox."""
    if not is_folder(config.inbox):
        return
    kind = file_system_type(config.inbox, mounts())
    if _WITHOUT_LEASES.fullmatch(kind):
        yield warning(
            "leases",
            f"The inbox is on {kind}, which cannot tell if a program still writes a file.",
            "Files are read once they stop changing. Raise `settle:` if unfinished ones are read.",
        )
    else:
        yield well("leases", f"The inbox is on {kind or 'a local file system'}: leases work.")


def file_system_type(path: Path, table: Iterable[Mount]) -> str:
    """The type of the file system that holds a path, by the kernel's mount table."""
    best, kind = -1, ""
    for mount in table:
        # Of several mounts on one folder, the last is visible.
        if path.resolve().is_relative_to(mount.point) and len(mount.point.parts) >= best:
            best, kind = len(mount.point.parts), mount.kind
    return kind


def check_hard_links(setting: Path = Path("/proc/sys/fs/protected_hardlinks")) -> Iterator[Finding]:
    """Check that users can link only files that they may read: narrated reads links too."""
    try:
        is_protected = setting.read_text().strip() != "0"
    except OSError:
        return  # this kernel has no such setting
    if is_protected:
        yield well("hard links", "Users cannot link files into the inbox that they may not read.")
    else:
        yield warning(
            "hard links",
            "Users of the inbox can link files into it that only the daemon may read.",
            "echo fs.protected_hardlinks=1 | sudo tee /etc/sysctl.d/60-narrated.conf; "
            "sudo sysctl --system",
        )


def check_inotify_limits(
    config: Config, limits: Path = Path("/proc/sys/fs/inotify")
) -> Iterator[Finding]:
    """Check that the kernel's limits allow a watch on every folder of the inbox."""
    folders = 1 + sum(len(names) for _, names, _ in os.walk(config.inbox))
    watches = int((limits / "max_user_watches").read_text())
    instances = int((limits / "max_user_instances").read_text())
    if folders * 2 > watches:
        yield warning(
            "inotify watches",
            f"The inbox has {folders} folders, but an account may have {watches} watches only: "
            "files in the other folders are found later, by a scan.",
            _raise_limit("max_user_watches", max(524_288, folders * 4)),
        )
    else:
        sufficient = f"An account may have {watches} watches, for {folders} folders."
        yield well("inotify watches", sufficient)
    if not _gets_instance():
        yield warning(
            "inotify instances",
            f"All {instances} inotify instances of this account are in use: it cannot watch a "
            "folder, and files are found by a scan.",
            _raise_limit("max_user_instances", max(1024, instances * 2)),
        )
    elif instances < _FEWEST_INSTANCES:
        yield warning(
            "inotify instances",
            f"An account may have {instances} inotify instances only, and other programs use some.",
            _raise_limit("max_user_instances", 128),
        )


def _gets_instance() -> bool:
    """True if this account gets an inotify instance now."""
    number = ctypes.CDLL(None).inotify_init1(os.O_CLOEXEC)
    if number < 0:
        return False
    os.close(number)
    return True


def _raise_limit(limit: str, value: int) -> str:
    return (
        f"echo fs.inotify.{limit}={value} | sudo tee /etc/sysctl.d/60-narrated-{limit}.conf && "
        "sudo sysctl --system"
    )

"""Which file systems hide changes from inotify: what another machine writes, it never sees."""

import re
from pathlib import Path

_MOUNTS = Path("/proc/self/mountinfo")
_REMOTE = frozenset(
    {"nfs", "nfs4", "cifs", "smb3", "smbfs", "9p", "ceph", "afs", "coda", "virtiofs", "vboxsf"}
)
_OCTAL = re.compile(r"\\([0-7]{3})")  # how the kernel writes a space in a path


def unwatchable(place: str) -> str:
    """Name the kind of file system at a real path where changes made elsewhere are not announced.

    Returns an empty string where inotify sees everything.
    """
    kind = _file_system(place)
    if kind in _REMOTE or kind.startswith("fuse."):
        return kind
    return ""


def _file_system(place: str) -> str:
    best, kind = "", ""
    for line in _MOUNTS.read_text("utf-8", "surrogateescape").splitlines():
        fields = line.split(" ")
        mount = _OCTAL.sub(lambda match: chr(int(match[1], 8)), fields[4])
        inside = place == mount or place.startswith(mount.rstrip("/") + "/")
        if inside and len(mount) >= len(best):
            best, kind = mount, fields[fields.index("-") + 1]
    return kind

"""Checks the file system of the inbox: leases, and protection of hard links."""

import re
from collections.abc import Iterator
from pathlib import Path

from narrated.config.values import Config
from narrated.doctor.finding import Finding, is_folder, warning, well

# The server of these file systems, not this kernel, knows the open files: they have no leases.
_WITHOUT_LEASES = re.compile(r"nfs4?|cifs|smb3|9p|ceph|afs|vboxsf|virtiofs|fuse(\..*)?|fuseblk")


def check_leases(config: Config) -> Iterator[Finding]:
    """Check that the kernel can tell if a program still writes a file of the inbox."""
    if not is_folder(config.inbox):
        return
    kind = file_system_type(config.inbox, Path("/proc/self/mountinfo").read_text())
    if _WITHOUT_LEASES.fullmatch(kind):
        yield warning(
            "leases",
            f"The inbox is on {kind}, which cannot tell if a program still writes a file.",
            "Files are read once they stop changing. Raise `settle:` if unfinished ones are read.",
        )
    else:
        yield well("leases", f"The inbox is on {kind or 'a local file system'}: leases work.")


def check_hard_links(setting: Path = Path("/proc/sys/fs/protected_hardlinks")) -> Iterator[Finding]:
    """Check that users can hard-link only files that they may read themselves.

    narrated reads a hard link in the inbox like any other file.
    """
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


def file_system_type(path: Path, mountinfo: str) -> str:
    """The type of the file system that holds a path, by the kernel's mount table."""
    best, kind = -1, ""
    for line in mountinfo.splitlines():
        fields, _, rest = line.partition(" - ")
        mount = Path(re.sub(r"\\(\d{3})", lambda code: chr(int(code[1], 8)), fields.split()[4]))
        # Of several mounts on one folder, the last is visible.
        if path.resolve().is_relative_to(mount) and len(mount.parts) >= best:
            best, kind = len(mount.parts), rest.split()[0]
    return kind

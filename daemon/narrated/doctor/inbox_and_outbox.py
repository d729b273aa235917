"""The inbox and the outbox: their rights, their file system, and who synchronises them."""

import os
import re
import stat
from collections.abc import Iterator
from pathlib import Path

from narrated.config.values import Config
from narrated.doctor.account import Account
from narrated.doctor.finding import Finding, Severity, is_folder, shown, typed, warning, well, wrong

_SHARED = stat.S_ISGID | stat.S_IRWXG
# File systems whose server, not this kernel, knows who has a file open: no lease is to be had.
_WITHOUT_LEASES = re.compile(r"nfs4?|cifs|smb3|9p|ceph|afs|vboxsf|virtiofs|fuse(\..*)?|fuseblk")
_IGNORED = "(?d).narrated-*.tmp"


def rights(config: Config, account: Account) -> Iterator[Finding]:
    """Whether the daemon can read what is dropped and write what it narrates."""
    inbox = _usable("inbox", config.inbox, "rx" if config.after == "keep" else "rwx", account)
    yield inbox
    yield from _shared("inbox", config.inbox, account)
    if inbox.state is Severity.WELL:
        yield _unreadable(config.inbox, account)
    yield _usable("outbox", config.outbox, "rwx", account)
    yield from _shared("outbox", config.outbox, account)


def _usable(name: str, folder: Path, needs: str, account: Account) -> Finding:
    # From the top, so that the folder that bars the way is the one that is named.
    for step in reversed(folder.parents):
        if not account.may(step, "x"):
            return wrong(
                name,
                f"{account.name} cannot enter {shown(step)}, on the way to {shown(folder)}.",
                f"sudo chmod o+x {typed(step)} (or name a folder outside of it)",
            )
    if not is_folder(folder):
        make = f"sudo install -d -m 2775 -o {account.name} -g {account.name} {typed(folder)}"
        return wrong(
            name,
            f"{shown(folder)} does not exist, or is not a folder.",
            make if account.is_shared else f"mkdir -p {typed(folder)}",
        )
    barred = [need for need in "rwx" if need in needs and not _may(account, folder, need)]
    if barred:
        verbs = {"r": "read", "w": "write to", "x": "enter"}
        group = f"sudo chgrp {account.name} {typed(folder)} && sudo chmod g+rwxs {typed(folder)}"
        return wrong(
            name,
            f"{account.name} cannot {' or '.join(verbs[need] for need in barred)} {shown(folder)}.",
            group if account.is_shared else f"chmod u+rwx {typed(folder)}",
        )
    if not account.can_be_tried:
        return warning(
            name, f"{shown(folder)} exists; its rights cannot be tried from here.", "Run with sudo."
        )
    return well(name, f"{account.name} can use {shown(folder)}.")


def _may(account: Account, folder: Path, need: str) -> bool:
    match need:
        case "r" | "w" | "x":
            return account.may(folder, need)
        case _:
            raise ValueError(need)


def _shared(name: str, folder: Path, account: Account) -> Iterator[Finding]:
    if not account.is_shared or not is_folder(folder):
        return
    status = folder.stat()
    if status.st_gid == account.gid and status.st_mode & _SHARED == _SHARED:
        yield well(f"{name} group", f"{shown(folder)} is shared with the group {account.name}.")
        return
    yield warning(
        f"{name} group",
        f"{shown(folder)} is not handed on to the group {account.name} (mode "
        f"{stat.S_IMODE(status.st_mode):o}): who syncs and who narrates may lock each other out.",
        f"sudo chgrp -R {account.name} {typed(folder)} && sudo chmod -R g+rwX {typed(folder)} && "
        f"sudo find {typed(folder)} -type d -exec chmod g+s {{}} +",
    )


def _unreadable(inbox: Path, account: Account) -> Finding:
    """One walk with the account's own eyes, up to the first thing that it cannot read."""
    hidden = ("-name", ".*", "!", "-path", str(inbox), "-prune", "-o")
    closed = ("(", "-type", "d", "!", "-executable", "-o", "!", "-readable", ")")
    kinds = ("(", "-type", "f", "-o", "-type", "d", ")")
    found = account.run("find", "-P", str(inbox), *hidden, *kinds, *closed, "-print0", "-quit")
    first = found.stdout.partition(b"\0")[0]
    if not first:
        return well("inbox files", f"{account.name} can read everything in {shown(inbox)}.")
    return warning(
        "inbox files",
        f"{account.name} cannot read {shown(Path(os.fsdecode(first)))}, and maybe others.",
        f"sudo chmod -R g+rX {typed(inbox)}; with rsync, send with -pO --chmod=D2775,F664; with "
        "Syncthing, set Ignore Permissions on the folder.",
    )


def leases(config: Config) -> Iterator[Finding]:
    """Whether the kernel can tell that a file is still being written."""
    if not is_folder(config.inbox):
        return
    kind = file_system(config.inbox, Path("/proc/self/mountinfo").read_text())
    if _WITHOUT_LEASES.fullmatch(kind):
        yield warning(
            "leases",
            f"The inbox is on {kind}, where nobody knows whether a file is still being written.",
            "Files are taken once they stand still; raise `settle:` if unfinished ones are read.",
        )
    else:
        yield well("leases", f"The inbox is on {kind or 'a local file system'}: leases work.")


def hard_links(guard: Path = Path("/proc/sys/fs/protected_hardlinks")) -> Iterator[Finding]:
    """Whether the kernel lets people link only what they may read themselves.

    A hard link in the inbox is a file like any other, and is read.
    """
    try:
        guarded = guard.read_text().strip() != "0"
    except OSError:
        return  # this kernel has no such guard to be asked
    if guarded:
        yield well("hard links", "Nobody can link a file into the inbox that is closed to them.")
    else:
        yield warning(
            "hard links",
            "Whoever fills the inbox may link files into it that only the daemon may read.",
            "echo fs.protected_hardlinks=1 | sudo tee /etc/sysctl.d/60-narrated.conf; "
            "sudo sysctl --system",
        )


def file_system(path: Path, mountinfo: str) -> str:
    """The kind of the file system that holds a path, by the kernel's own table of mounts."""
    best, kind = -1, ""
    for line in mountinfo.splitlines():
        fields, _, rest = line.partition(" - ")
        place = Path(re.sub(r"\\(\d{3})", lambda code: chr(int(code[1], 8)), fields.split()[4]))
        # Of mounts on one place the last is on top.
        if path.resolve().is_relative_to(place) and len(place.parts) >= best:
            best, kind = len(place.parts), rest.split()[0]
    return kind


def syncing(config: Config) -> Iterator[Finding]:
    """What Syncthing should be told, where it is seen at work."""
    if (root := _syncthing_root(config.inbox)) is not None:
        yield well(
            "Syncthing inbox",
            f"{shown(root)} is a Syncthing folder.",
            "On this box let it be Receive Only, with Ignore Permissions set.",
        )
    if (root := _syncthing_root(config.outbox)) is not None:
        yield _ignoring(root)


def _syncthing_root(folder: Path) -> Path | None:
    return next((each for each in (folder, *folder.parents) if is_folder(each / ".stfolder")), None)


def _ignoring(root: Path) -> Finding:
    ignore = root / ".stignore"
    try:
        lines = ignore.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        lines = []
    if any(line.strip().removeprefix("(?d)") == ".narrated-*.tmp" for line in lines):
        return well(
            "Syncthing outbox",
            f"{shown(root)} is a Syncthing folder, and leaves our unfinished files alone.",
            "On this box let it be Send Only.",
        )
    return warning(
        "Syncthing outbox",
        f"Syncthing may carry our unfinished files out of {shown(root)}.",
        f"echo '{_IGNORED}' | sudo tee -a {typed(ignore)}; and let it be Send Only on this box.",
    )

"""Checks the access of the daemon's account to the inbox and the outbox."""

import contextlib
import os
import pwd
import stat
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from narrated.account_names import account_name, as_account, group_name, how_to_join
from narrated.config.values import Config
from narrated.doctor.finding import Finding, Severity, is_folder, shown, typed, warning, well, wrong
from narrated.systemd_units import ACCOUNT

Access = Literal["r", "w", "x"]
"""Reading, writing, or entering a folder."""

_ACCESS_MODES: dict[Access, int] = {"r": os.R_OK, "w": os.W_OK, "x": os.X_OK}
_VERBS: dict[Access, str] = {"r": "read", "w": "write to", "x": "enter"}
_GROUP_BITS: dict[Access, int] = {"r": stat.S_IRGRP, "w": stat.S_IWGRP, "x": stat.S_IXGRP}
_SHARED = stat.S_ISGID | stat.S_IRWXG


@dataclass(frozen=True, slots=True)
class Account:
    """A user account of this machine."""

    name: str
    uid: int
    gid: int
    groups: tuple[int, ...]

    @property
    def is_shared(self) -> bool:
        """True if it is the service's own account, whose group other accounts join."""
        return self.name == ACCOUNT

    @property
    def is_testable(self) -> bool:
        """True if we can test its access: it is our own account, or we are root."""
        return os.geteuid() in (0, self.uid)

    def may(self, path: Path, access: Access) -> bool:
        """True if it may read, write or enter a path, or if that cannot be tested."""
        if not self.is_testable:
            return True
        if self.uid == os.geteuid():
            return os.access(path, _ACCESS_MODES[access])
        return self.run("test", f"-{access}", str(path)).returncode == 0

    def run(self, *command: str) -> subprocess.CompletedProcess[bytes]:
        """Run a small program as this account; as ourselves if we are not root."""
        identity: dict[str, Any] = {}
        if os.geteuid() == 0:
            identity = {"user": self.uid, "group": self.gid, "extra_groups": self.groups}
        return subprocess.run(command, capture_output=True, cwd="/", check=False, **identity)


def daemon_account(config: Config) -> Account:
    """The service's account if the configuration is in /etc, else our own."""
    if config.source is not None and config.source.is_relative_to("/etc"):
        with contextlib.suppress(KeyError):
            entry = pwd.getpwnam(ACCOUNT)
            groups = os.getgrouplist(entry.pw_name, entry.pw_gid)
            return Account(ACCOUNT, entry.pw_uid, entry.pw_gid, tuple(groups))
    name = str(os.geteuid())
    with contextlib.suppress(KeyError):  # a container's account needs no entry
        name = pwd.getpwuid(os.geteuid()).pw_name
    return Account(name, os.geteuid(), os.getegid(), tuple(os.getgroups()))


def check_folder_access(config: Config, account: Account) -> Iterator[Finding]:
    """Check that the daemon can read dropped files and write narrations."""
    keeps = config.after == "keep"
    inbox = _check_access("inbox", config.inbox, ("r", "x") if keeps else ("r", "w", "x"), account)
    yield inbox
    yield from _check_group("inbox", config.inbox, account)
    if inbox.severity is Severity.WELL:
        yield _check_inbox_files(config.inbox, account)
    yield _check_access("outbox", config.outbox, ("r", "w", "x"), account)
    yield from _check_group("outbox", config.outbox, account)


def _check_access(name: str, folder: Path, needed: tuple[Access, ...], account: Account) -> Finding:
    # From the top, so that the finding names the folder that has to change.
    for parent in reversed(folder.parents):
        if not account.may(parent, "x"):
            return wrong(
                name,
                f"{account.name} cannot enter {shown(parent)}, on the way to {shown(folder)}.",
                _how_a_stranger_asks(name, parent, ("x",), account)
                or f"sudo chmod o+x {typed(parent)} (or name a folder outside of it)",
            )
    if not is_folder(folder):
        make = f"sudo install -d -m 2775 -o {account.name} -g {account.name} {typed(folder)}"
        return wrong(
            name,
            f"{shown(folder)} does not exist, or is not a folder.",
            make if account.is_shared else f"mkdir -p {typed(folder)}",
        )
    denied = [_VERBS[access] for access in needed if not account.may(folder, access)]
    if denied:
        group = f"sudo chgrp {account.name} {typed(folder)} && sudo chmod g+rwxs {typed(folder)}"
        return wrong(
            name,
            f"{account.name} cannot {' or '.join(denied)} {shown(folder)}.",
            _how_a_stranger_asks(name, folder, needed, account)
            or (group if account.is_shared else f"chmod u+rwx {typed(folder)}"),
        )
    if not account.is_testable:
        return warning(
            name,
            f"{shown(folder)} exists, but only root can test the rights of {account.name}.",
            "Run `narrated doctor` with sudo.",
        )
    return well(name, f"{account.name} can use {shown(folder)}.")


def _how_a_stranger_asks(
    name: str, folder: Path, needed: tuple[Access, ...], account: Account
) -> str:
    """Say whom to ask, or which group to join; "" if the folder is ours, or we are root."""
    status = folder.stat()
    if os.geteuid() in (0, status.st_uid) or account.uid != os.geteuid():
        return ""
    owner = account_name(status.st_uid)
    ask = f"ask as {owner}: {as_account(owner)} doctor; or name a folder of your own as `{name}:`"
    wanted = sum(_GROUP_BITS[access] for access in needed)
    by_group = status.st_gid and status.st_mode & wanted == wanted  # nobody joins the group root
    if by_group and status.st_gid not in os.getgroups():
        join = how_to_join(status.st_gid)
        return f"The group {group_name(status.st_gid)} may. {join}; or {ask}"
    return f"It belongs to {owner}: {ask}"


def _check_group(name: str, folder: Path, account: Account) -> Iterator[Finding]:
    """Check that the syncing account and the daemon share a folder through its group."""
    if not account.is_shared or not is_folder(folder):
        return
    status = folder.stat()
    if status.st_gid == account.gid and status.st_mode & _SHARED == _SHARED:
        yield well(f"{name} group", f"{shown(folder)} is shared with the group {account.name}.")
        return
    yield warning(
        f"{name} group",
        f"{shown(folder)} does not pass on the group {account.name} (mode "
        f"{stat.S_IMODE(status.st_mode):o}): the syncing account and the daemon may lock each "
        "other out.",
        f"sudo chgrp -R {account.name} {typed(folder)} && sudo chmod -R g+rwX {typed(folder)} && "
        f"sudo find {typed(folder)} -type d -exec chmod g+s {{}} +",
    )


def _check_inbox_files(inbox: Path, account: Account) -> Finding:
    """Search the inbox, as the daemon's account, for the first file that it cannot read."""
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
        _how_a_stranger_asks("inbox", inbox, ("r", "x"), account)
        or f"sudo chmod -R g+rX {typed(inbox)}; with rsync, send with -pO --chmod=D2775,F664; with "
        "Syncthing, set Ignore Permissions on the folder.",
    )

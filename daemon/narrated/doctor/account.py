"""The daemon's account, and its access to files."""

import contextlib
import os
import pwd
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from narrated.config.values import Config
from narrated.systemd_units import ACCOUNT

Access = Literal["r", "w", "x"]
"""Reading, writing, or entering a folder."""

_ACCESS_MODES: dict[Access, int] = {"r": os.R_OK, "w": os.W_OK, "x": os.X_OK}


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
        """True if the account may read, write or enter a path, by mode and access lists.

        True as well if the access cannot be tested.
        """
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
    for_box = config.source is not None and config.source.is_relative_to("/etc")
    return (_named(ACCOUNT) if for_box else None) or _our_own()


def _named(name: str) -> Account | None:
    try:
        entry = pwd.getpwnam(name)
    except KeyError:
        return None
    groups = tuple(os.getgrouplist(entry.pw_name, entry.pw_gid))
    return Account(name, entry.pw_uid, entry.pw_gid, groups)


def _our_own() -> Account:
    name = str(os.geteuid())
    with contextlib.suppress(KeyError):  # a container's account needs no entry
        name = pwd.getpwuid(os.geteuid()).pw_name
    return Account(name, os.geteuid(), os.getegid(), tuple(os.getgroups()))

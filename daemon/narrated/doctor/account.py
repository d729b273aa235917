"""The account that the daemon runs as, and what it may do with a path."""

import contextlib
import os
import pwd
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from narrated.config.values import Config
from narrated.systemd_units import ACCOUNT

_ACCESS = {"r": os.R_OK, "w": os.W_OK, "x": os.X_OK}


@dataclass(frozen=True, slots=True)
class Account:
    """An account of this box."""

    name: str
    uid: int
    gid: int
    groups: tuple[int, ...]

    @property
    def is_shared(self) -> bool:
        """Whether it is the service's own account, whose group the syncing account joins."""
        return self.name == ACCOUNT

    @property
    def can_be_tried(self) -> bool:
        """Whether we may see with its eyes: it is our own, or we are root."""
        return os.geteuid() in (0, self.uid)

    def may(self, path: Path, access: Literal["r", "w", "x"]) -> bool:
        """Whether it may read, write or enter a path, access lists and all.

        Where it cannot be tried, whatever is not known to fail is taken to be allowed.
        """
        if not self.can_be_tried:
            return True
        if self.uid == os.geteuid():
            return os.access(path, _ACCESS[access])
        return self.run("test", f"-{access}", str(path)).returncode == 0

    def run(self, *command: str) -> subprocess.CompletedProcess[bytes]:
        """Run a small program as this account, or as ourselves where we are not root."""
        identity: dict[str, Any] = {}
        if os.geteuid() == 0:
            identity = {"user": self.uid, "group": self.gid, "extra_groups": self.groups}
        return subprocess.run(command, capture_output=True, cwd="/", check=False, **identity)


def of_the_daemon(config: Config) -> Account:
    """The service's account where the configuration is the box's, else our own."""
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

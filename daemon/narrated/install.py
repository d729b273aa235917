"""Setting the daemon up on a box: unit, account, folders and configuration."""

import json
import os
import re
import sys
from dataclasses import dataclass
from pathlib import Path

from narrated.config import file as configuration
from narrated.config.file import SYSTEM_FILE, USER_FILE
from narrated.config.values import Config
from narrated.errors import ConfigurationError, NarratedError
from narrated.install_plan import InstallPlan, PlannedFile, announced, carried_out
from narrated.systemd_units import (
    ACCOUNT,
    drop_in_for_box,
    drop_in_for_user,
    in_a_home,
    shipped,
    tmpfiles,
)

_UNITS = Path("/etc/systemd/system")
_DROP_INS = _UNITS / "narrated.service.d"
_ACCOUNTS = Path("/etc/sysusers.d/narrated.conf")
_FOLDERS = Path("/etc/tmpfiles.d/narrated.conf")
_DIRECTORIES = {
    "STATE_DIRECTORY": "/var/lib/narrated",
    "CACHE_DIRECTORY": "/var/cache/narrated",
}


def install(
    config_path: Path | None = None,
    *,
    user: bool = False,
    inbox: Path | None = None,
    outbox: Path | None = None,
    gpu: bool = False,
    root: Path = Path("/"),
    dry_run: bool = False,
) -> list[str]:
    """Install the service for the whole box, or for one user; say what was done and what is next.

    A configuration that exists is never changed; it says where the folders are. Done twice, the
    second time changes nothing. Under another `root` files are written and nothing is run.
    Raises ConfigurationError for folders that cannot serve, StorageError where a file cannot be
    written, and NarratedError where a command fails.
    """
    if not user and not dry_run and root == Path("/"):
        _refuse_what_cannot_serve()
    asked = _InstallOptions(config_path, inbox, outbox, gpu, root)
    plan = _for_user(asked) if user else _for_box(asked)
    if dry_run:
        return list(announced(plan))
    return list(carried_out(plan, root))


def _refuse_what_cannot_serve() -> None:
    if os.geteuid() != 0:
        raise NarratedError(
            "Installing the service for the whole box needs root.",
            "Run it with sudo, or install it for yourself alone with `narrated install --user`.",
        )
    for place in (sys.prefix, sys.base_prefix):
        if in_a_home(Path(place)):
            raise NarratedError(
                f"The service cannot look into a home, and its program stands in {place}.",
                "Install narrated into /opt/narrated, as docs/install.md says, and install from "
                "there; or for yourself alone with `narrated install --user`.",
            )


@dataclass(frozen=True, slots=True)
class _InstallOptions:
    """What the person who installs wants."""

    config_path: Path | None
    inbox: Path | None
    outbox: Path | None
    gpu: bool
    root: Path


def commented(inbox: Path, outbox: Path) -> str:
    """The commented configuration that we ship, with these two folders in it."""
    text = shipped("config/narrated.yaml")
    for key, folder in (("inbox", inbox), ("outbox", outbox)):
        line = f"{key}: {json.dumps(str(folder), ensure_ascii=False)}"
        text = re.sub(rf"^{key}:.*$", line.replace("\\", r"\\"), text, count=1, flags=re.MULTILINE)
    return text


# For the whole box, or for one user


def _for_box(asked: _InstallOptions) -> InstallPlan:
    path = (asked.config_path or SYSTEM_FILE).absolute()
    config = _configured(asked, path, Path("/srv/narrated"))
    _refuse_what_would_harm(config)
    files = [
        PlannedFile(_UNITS / "narrated.service", shipped("systemd/narrated.service")),
        PlannedFile(_DROP_INS / "10-paths.conf", drop_in_for_box(config, path)),
        PlannedFile(_ACCOUNTS, shipped("systemd/narrated.sysusers")),
        PlannedFile(_FOLDERS, tmpfiles(config)),
        *_users_own(path, config),
    ]
    if asked.gpu:
        files.append(PlannedFile(_DROP_INS / "20-gpu.conf", shipped("systemd/narrated-gpu.conf")))
    return InstallPlan(
        files=tuple(files),
        folders=(config.inbox, config.outbox),
        commands=(
            ("systemd-sysusers", str(_ACCOUNTS)),
            ("systemd-tmpfiles", "--create", str(_FOLDERS)),
            *_reload("systemctl"),
        ),
        next_steps=(
            f"Let the account that syncs share the folders: sudo usermod -aG {ACCOUNT} "
            f"{os.environ.get('SUDO_USER', 'ACCOUNT')} (it counts from its next login).",
            "Start it now and at every boot: sudo systemctl enable --now narrated",
            "See that all is well: sudo narrated doctor",
        ),
        shared=True,
    )


def _for_user(asked: _InstallOptions) -> InstallPlan:
    if asked.gpu:
        raise ConfigurationError(
            "A user's service needs no drop-in for the GPU.",
            "Leave --gpu out: it sees the card as you do.",
        )
    home = Path.home()
    settings = Path(os.environ.get("XDG_CONFIG_HOME") or home / ".config")
    path = (asked.config_path or settings / USER_FILE).absolute()
    config = _configured(asked, path, home / "narrated")
    units = settings / "systemd/user"
    return InstallPlan(
        files=(
            PlannedFile(units / "narrated.service", shipped("systemd/user/narrated.service")),
            PlannedFile(units / "narrated.service.d/10-paths.conf", drop_in_for_user(path)),
            *_users_own(path, config),
        ),
        folders=(config.inbox, config.outbox),
        commands=_reload("systemctl", "--user"),
        next_steps=(
            "Start it now and at every login: systemctl --user enable --now narrated",
            'Let it run without you being logged in: sudo loginctl enable-linger "$USER"',
            "See that all is well: narrated doctor",
        ),
        shared=False,
    )


def _configured(asked: _InstallOptions, path: Path, home: Path) -> Config:
    """The configuration as it is, or as it is going to be."""
    written = asked.root / path.relative_to("/")
    wanted = (asked.inbox or home / "inbox", asked.outbox or home / "outbox")
    text = written.read_text(encoding="utf-8") if written.exists() else commented(*wanted)
    # The variables of this moment say nothing about the service, which will have its own.
    environment = {"HOME": str(Path.home())} | _DIRECTORIES
    config = configuration.parse(text, path, environment)
    _refuse_to_differ(path, "inbox", asked.inbox, config.inbox)
    _refuse_to_differ(path, "outbox", asked.outbox, config.outbox)
    return config


def _refuse_to_differ(path: Path, key: str, asked: Path | None, found: Path) -> None:
    if asked is not None and asked.absolute() != found:
        raise ConfigurationError(
            f"{path} says `{key}: {found}`, not {asked}.",
            f"Change that line and leave --{key} out.",
        )


def _users_own(path: Path, config: Config) -> tuple[PlannedFile, ...]:
    lexicon = PlannedFile(
        path.parent / "lexicon.yaml", shipped("config/lexicon.yaml"), users_own=True
    )
    return (PlannedFile(path, commented(config.inbox, config.outbox), users_own=True), lexicon)


def _reload(*systemctl: str) -> tuple[tuple[str, ...], ...]:
    booted = Path("/run/systemd/system").is_dir()
    return ((*systemctl, "daemon-reload"),) if booted else ()


def _refuse_what_would_harm(config: Config) -> None:
    """Handing a home or a system folder to the group would open it to the account that syncs."""
    for key, folder in (("inbox", config.inbox), ("outbox", config.outbox)):
        if len(folder.parts) < 3 or (len(folder.parts) == 3 and in_a_home(folder)):
            raise ConfigurationError(
                f"`{key}: {folder}` would be shared with the group {ACCOUNT} as a whole.",
                f"Name a folder made for this, such as {folder / 'narrated' / key}.",
            )

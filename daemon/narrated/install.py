"""`narrated install`: plans the unit, account, folders and configuration of the service."""

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
from narrated.install_plan import InstallPlan, PlannedFile, announce, execute
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
    """Install the service for the whole machine, or for one user. Returns lines for the user.

    Never changes an existing configuration, which names the folders. A second run changes nothing.
    Under another `root` it writes files and runs no command. Raises ConfigurationError for
    unsuitable folders, StorageError if a file cannot be written, NarratedError if a command fails.
    """
    if not user and not dry_run and root == Path("/"):
        _check_preconditions()
    options = _InstallOptions(config_path, inbox, outbox, gpu, root)
    plan = _for_user(options) if user else _for_box(options)
    if dry_run:
        return list(announce(plan))
    return list(execute(plan, root))


def _check_preconditions() -> None:
    if os.geteuid() != 0:
        raise NarratedError(
            "Installing the service for the whole machine needs root.",
            "Run it with sudo, or install it for yourself only with `narrated install --user`.",
        )
    for place in (sys.prefix, sys.base_prefix):
        if in_a_home(Path(place)):
            raise NarratedError(
                f"The program is in {place}, but the service cannot read home folders.",
                "Install narrated into /opt/narrated, as docs/install.md says, and run "
                "`narrated install` from there. Or install it for yourself only with "
                "`narrated install --user`.",
            )


@dataclass(frozen=True, slots=True)
class _InstallOptions:
    """The options of the command."""

    config_path: Path | None
    inbox: Path | None
    outbox: Path | None
    gpu: bool
    root: Path


def commented(inbox: Path, outbox: Path) -> str:
    """The shipped, commented configuration, with these two folders."""
    text = shipped("config/narrated.yaml")
    for key, folder in (("inbox", inbox), ("outbox", outbox)):
        line = f"{key}: {json.dumps(str(folder), ensure_ascii=False)}"
        text = re.sub(rf"^{key}:.*$", line.replace("\\", r"\\"), text, count=1, flags=re.MULTILINE)
    return text


# For the whole box, or for one user


def _for_box(options: _InstallOptions) -> InstallPlan:
    path = (options.config_path or SYSTEM_FILE).absolute()
    config = _configured(options, path, Path("/srv/narrated"))
    _check_shared_folders(config)
    files = [
        PlannedFile(_UNITS / "narrated.service", shipped("systemd/narrated.service")),
        PlannedFile(_DROP_INS / "10-paths.conf", drop_in_for_box(config, path)),
        PlannedFile(_ACCOUNTS, shipped("systemd/narrated.sysusers")),
        PlannedFile(_FOLDERS, tmpfiles(config)),
        *_users_own(path, config),
    ]
    if options.gpu:
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
            f"Let the syncing account share the folders: sudo usermod -aG {ACCOUNT} "
            f"{os.environ.get('SUDO_USER', 'ACCOUNT')} (effective from its next login).",
            "Start it now and at every boot: sudo systemctl enable --now narrated",
            "Check the machine: sudo narrated doctor",
        ),
        shared=True,
    )


def _for_user(options: _InstallOptions) -> InstallPlan:
    if options.gpu:
        raise ConfigurationError(
            "--gpu is for the service of the whole machine.",
            "Leave --gpu out: your own service can use the GPU as you can.",
        )
    home = Path.home()
    settings = Path(os.environ.get("XDG_CONFIG_HOME") or home / ".config")
    path = (options.config_path or settings / USER_FILE).absolute()
    config = _configured(options, path, home / "narrated")
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
            'Let it run while you are logged out: sudo loginctl enable-linger "$USER"',
            "Check the machine: narrated doctor",
        ),
        shared=False,
    )


def _configured(options: _InstallOptions, path: Path, home: Path) -> Config:
    """The existing configuration, or the one that this installation will write."""
    written = options.root / path.relative_to("/")
    wanted = (options.inbox or home / "inbox", options.outbox or home / "outbox")
    text = written.read_text(encoding="utf-8") if written.exists() else commented(*wanted)
    # Not our environment: the service will have its own.
    environment = {"HOME": str(Path.home())} | _DIRECTORIES
    config = configuration.parse(text, path, environment)
    _check_same_folder(path, "inbox", options.inbox, config.inbox)
    _check_same_folder(path, "outbox", options.outbox, config.outbox)
    return config


def _check_same_folder(path: Path, key: str, given: Path | None, configured: Path) -> None:
    if given is not None and given.absolute() != configured:
        raise ConfigurationError(
            f"{path} says `{key}: {configured}`, not {given}.",
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


def _check_shared_folders(config: Config) -> None:
    """Refuse to share a home or a system folder: the syncing account could then write to it."""
    for key, folder in (("inbox", config.inbox), ("outbox", config.outbox)):
        if len(folder.parts) < 3 or (len(folder.parts) == 3 and in_a_home(folder)):
            raise ConfigurationError(
                f"Installing would share all of `{key}: {folder}` with the group {ACCOUNT}.",
                f"Set a folder of its own, such as {folder / 'narrated' / key}.",
            )

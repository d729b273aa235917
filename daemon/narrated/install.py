"""`narrated install`: plans the unit, account, folders and configuration, and installs them."""

import json
import os
import pwd
import re
import stat
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import starmap
from pathlib import Path

from narrated.config import file as configuration
from narrated.config.file import SYSTEM_FILE, USER_FILE
from narrated.config.values import Config
from narrated.errors import ConfigurationError, NarratedError, StorageError
from narrated.systemd_units import (
    ACCOUNT,
    drop_in_for_box,
    drop_in_for_user,
    in_a_home,
    push_files,
    serve_files,
    shipped,
    tmpfiles,
    worker_files,
)

SYSTEM_FOLDER = Path("/srv/narrated")
"""The folder of the whole machine's inbox and outbox."""

_UNITS = Path("/etc/systemd/system")
_DROP_INS = _UNITS / "narrated.service.d"
_ACCOUNTS = Path("/etc/sysusers.d/narrated.conf")
_FOLDERS = Path("/etc/tmpfiles.d/narrated.conf")
_PUSH = Path("/etc/narrated/push")
_WORKERS = Path("/etc/narrated/workers")
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
    if user and gpu:
        raise ConfigurationError(
            "--gpu is for the service of the whole machine.",
            "Leave --gpu out: your own service can use the GPU as you can.",
        )
    settings = Path(os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config")
    path = (config_path or (settings / USER_FILE if user else SYSTEM_FILE)).absolute()
    home = Path.home() / "narrated" if user else SYSTEM_FOLDER
    wanted = {"inbox": inbox, "outbox": outbox}
    config = _configured(path, root / path.relative_to("/"), wanted, home)
    if user:
        plan = _plan_for_user(path, config, settings)
    else:
        _check_shared_folders(config)
        plan = _plan_for_box(path, config, gpu)
    return list(_announce(plan) if dry_run else _execute(plan, root))


def commented(inbox: Path, outbox: Path) -> str:
    """The shipped, commented configuration, with these two folders."""
    text = shipped("config/narrated.yaml")
    for key, folder in (("inbox", inbox), ("outbox", outbox)):
        line = f"{key}: {json.dumps(str(folder), ensure_ascii=False)}"
        text = re.sub(rf"^{key}:.*$", line.replace("\\", r"\\"), text, count=1, flags=re.MULTILINE)
    return text


def first_config(path: Path, inbox: Path | None, outbox: Path | None) -> str:
    """The text of a first configuration, as the file `path`.

    Without folders of the caller's: the system's for root or a file in /etc, else the user's.
    """
    is_systems = os.geteuid() == 0 or path.is_relative_to("/etc")
    home = SYSTEM_FOLDER if is_systems else Path.home() / "narrated"
    return commented((inbox or home / "inbox").absolute(), (outbox or home / "outbox").absolute())


def make_readable(folder: Path) -> None:
    """Make a folder that the daemon can enter, whatever the umask of the caller."""
    if not folder.is_dir():
        make_readable(folder.parent)
        folder.mkdir()
        folder.chmod(0o755)


# Checks


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


def _configured(path: Path, written: Path, wanted: dict[str, Path | None], home: Path) -> Config:
    """The existing configuration, or the one that this installation will write."""
    folders = {key: folder or home / key for key, folder in wanted.items()}
    text = written.read_text(encoding="utf-8") if written.exists() else commented(**folders)
    # Not our environment: the service will have its own.
    config = configuration.parse(text, path, {"HOME": str(Path.home())} | _DIRECTORIES)
    for key, given in wanted.items():
        configured = getattr(config, key)
        if given is not None and given.absolute() != configured:
            raise ConfigurationError(
                f"{path} says `{key}: {configured}`, not {given}.",
                f"Change that line and leave --{key} out.",
            )
    return config


def _check_shared_folders(config: Config) -> None:
    """Refuse to share a home or a system folder: the syncing account could then write to it."""
    for key, folder in (("inbox", config.inbox), ("outbox", config.outbox)):
        if len(folder.parts) < 3 or (len(folder.parts) == 3 and in_a_home(folder)):
            raise ConfigurationError(
                f"Installing would share all of `{key}: {folder}` with the group {ACCOUNT}.",
                f"Set a folder of its own, such as {folder / 'narrated' / key}.",
            )


# The plan


@dataclass(frozen=True, slots=True)
class PlannedFile:
    """A file to write. A file that is the user's own is kept if it exists."""

    path: Path
    text: str
    users_own: bool = False


@dataclass(frozen=True, slots=True)
class InstallPlan:
    """Everything that an installation will do, in this order."""

    files: tuple[PlannedFile, ...]
    folders: tuple[Path, ...]
    """The inbox and the outbox."""
    commands: tuple[tuple[str, ...], ...]
    next_steps: tuple[str, ...]
    shared: bool
    """True if the folders are shared with the group `narrated`."""


def _plan_for_box(path: Path, config: Config, gpu: bool) -> InstallPlan:
    files = [
        PlannedFile(_UNITS / "narrated.service", shipped("systemd/narrated.service")),
        PlannedFile(_DROP_INS / "10-paths.conf", drop_in_for_box(config, path)),
        PlannedFile(_ACCOUNTS, shipped("systemd/narrated.sysusers")),
        PlannedFile(_FOLDERS, tmpfiles(config)),
        *starmap(PlannedFile, serve_files(config, path, _UNITS)),
        *starmap(PlannedFile, push_files(config, _UNITS, user=False)),
        *starmap(PlannedFile, worker_files(config, _UNITS)),
        *_users_own(path, config),
        *(
            PlannedFile(_PUSH / name, shipped(f"config/push/{name}"), users_own=True)
            for name in ("push.conf", "ssh_config", "rclone.filter")
        ),
        PlannedFile(_WORKERS / "ssh_config", shipped("config/workers/ssh_config"), users_own=True),
    ]
    if gpu:
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
            *_hints(path, config),
            f"Let the syncing account share the folders: sudo usermod -aG {ACCOUNT} "
            f"{os.environ.get('SUDO_USER', 'ACCOUNT')} (effective from its next login).",
            "Start it now and at every boot: sudo systemctl enable --now narrated",
            *_serving_step(config, "sudo systemctl"),
            *_boxes_step(config),
            "Check the machine: sudo narrated doctor",
        ),
        shared=True,
    )


def _hints(path: Path, config: Config) -> Iterator[str]:
    """Advice on folders of root's own: an earlier `sudo narrated config init` named them."""
    for key, folder in (("inbox", config.inbox), ("outbox", config.outbox)):
        if folder.is_relative_to("/root"):
            yield (
                f"{path} says `{key}: {folder}`, which only root can enter: set "
                f"`{key}: {SYSTEM_FOLDER / key}`, and run `narrated install` again."
            )


def _serving_step(config: Config, systemctl: str) -> Iterator[str]:
    if config.podcast is not None:
        yield (
            f"Serve the podcast at 127.0.0.1:8321: {systemctl} enable --now narrated-serve.socket "
            "(docs/serving.md has other ways)"
        )


def _boxes_step(config: Config) -> Iterator[str]:
    if config.boxes:
        sockets = " ".join(
            f"narrated-{'bridge' if box.workers > 1 else 'worker'}@{name}.socket"
            for name, box in config.boxes.items()
        )
        yield f"Open the way to the boxes: sudo systemctl enable --now {sockets} (docs/boxes.md)"


def _plan_for_user(path: Path, config: Config, settings: Path) -> InstallPlan:
    units, push = settings / "systemd/user", settings / "narrated/push/push.conf"
    return InstallPlan(
        files=(
            PlannedFile(units / "narrated.service", shipped("systemd/user/narrated.service")),
            PlannedFile(units / "narrated.service.d/10-paths.conf", drop_in_for_user(path)),
            *starmap(PlannedFile, push_files(config, units, user=True)),
            *starmap(PlannedFile, serve_files(config, path, units, user=True)),
            *_users_own(path, config),
            PlannedFile(push, shipped("config/push/push.conf"), users_own=True),
        ),
        folders=(config.inbox, config.outbox),
        commands=_reload("systemctl", "--user"),
        next_steps=(
            "Start it now and at every login: systemctl --user enable --now narrated",
            'Let it run while you are logged out: sudo loginctl enable-linger "$USER"',
            *_serving_step(config, "systemctl --user"),
            "Check the machine: narrated doctor",
        ),
        shared=False,
    )


def _users_own(path: Path, config: Config) -> tuple[PlannedFile, ...]:
    lexicon = path.parent / "lexicon.yaml"
    return (
        PlannedFile(path, commented(config.inbox, config.outbox), users_own=True),
        PlannedFile(lexicon, shipped("config/lexicon.yaml"), users_own=True),
    )


def _reload(*systemctl: str) -> tuple[tuple[str, ...], ...]:
    booted = Path("/run/systemd/system").is_dir()
    return ((*systemctl, "daemon-reload"),) if booted else ()


# Its execution


def _announce(plan: InstallPlan) -> Iterator[str]:
    for file in plan.files:
        verb = "keep" if file.users_own and file.path.exists() else "write"
        yield f"Would {verb} {file.path}"
    yield from (f"Would make or share {folder}" for folder in plan.folders)
    yield from (f"Would run {' '.join(command)}" for command in plan.commands)
    yield from plan.next_steps


def _execute(plan: InstallPlan, root: Path) -> Iterator[str]:
    for file in plan.files:
        yield _write(file, root / file.path.relative_to("/"))
    if root != Path("/"):
        return
    if not plan.shared:
        yield from map(_make_folder, plan.folders)
    yield from map(_run, plan.commands)
    if plan.shared:
        yield from map(_share_with_group, plan.folders)
    yield from plan.next_steps


def _write(file: PlannedFile, path: Path) -> str:
    with _storing(f"write {path}"):
        if path.exists() and (file.users_own or path.read_text(encoding="utf-8") == file.text):
            return f"Kept {path}{_unreadable(path)}"
        make_readable(path.parent)
        path.write_text(file.text, encoding="utf-8")
        path.chmod(0o644)
    return f"Wrote {path}"


def _unreadable(path: Path) -> str:
    """A hint if a kept file of root's is closed to the service's account."""
    status = path.stat()
    if status.st_uid != 0 or status.st_mode & (stat.S_IROTH | stat.S_IRGRP):
        return ""
    return f", which the service cannot read: sudo chmod a+r {path}"


def _make_folder(folder: Path) -> str:
    with _storing(f"make {folder}"):
        folder.mkdir(parents=True, exist_ok=True)
    return f"Made {folder}"


@contextmanager
def _storing(act: str) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise StorageError(
            f"Cannot {act}: {error.strerror}.", "Mend that, then run the command again."
        ) from error


def _run(command: tuple[str, ...]) -> str:
    shown = " ".join(command)
    try:
        done = subprocess.run(command, capture_output=True, text=True, errors="replace")
    except FileNotFoundError as error:
        raise NarratedError(
            f"There is no `{command[0]}` on this machine.",
            "Without systemd, let your service manager start `narrated run`.",
        ) from error
    if done.returncode != 0:
        raise NarratedError(
            f"`{shown}` failed: {done.stderr.strip()}",
            "Mend that, then run `narrated install` again.",
        )
    return f"Ran {shown}"


def _share_with_group(folder: Path) -> str:
    """Share a folder with the group. Its owner and its contents stay as they are."""
    status = folder.stat()
    group = pwd.getpwnam(ACCOUNT).pw_gid
    rights = stat.S_ISGID | stat.S_IRWXG
    if status.st_gid == group and status.st_mode & rights == rights:
        return f"{folder} is shared with the group {ACCOUNT}"
    os.chown(folder, -1, group)
    folder.chmod(stat.S_IMODE(folder.stat().st_mode) | rights)
    return f"Shared {folder} with the group {ACCOUNT}"

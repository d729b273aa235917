"""Setting the daemon up on a box: unit, account, folders and configuration."""

import json
import os
import pwd
import re
import stat
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from narrated import config as configuration
from narrated.config import SYSTEM_FILE, USER_FILE, Config
from narrated.errors import ConfigurationError, NarratedError, StorageError
from narrated.units import ACCOUNT, drop_in_for_box, drop_in_for_user, in_a_home, shipped, tmpfiles

_UNITS = Path("/etc/systemd/system")
_DROP_INS = _UNITS / "narrated.service.d"
_ACCOUNTS = Path("/etc/sysusers.d/narrated.conf")
_FOLDERS = Path("/etc/tmpfiles.d/narrated.conf")


@dataclass(frozen=True, slots=True)
class File:
    """A file to write; one that is the user's own is left as it is when it exists."""

    path: Path
    text: str
    users_own: bool = False


@dataclass(frozen=True, slots=True)
class Installation:
    """Everything that an installation does, in its order; nothing of it has been done yet."""

    files: tuple[File, ...]
    folders: tuple[Path, ...]
    """The inbox and the outbox."""
    commands: tuple[tuple[str, ...], ...]
    next_steps: tuple[str, ...]
    shared: bool
    """Whether the folders belong to the group `narrated` as well as to who syncs them."""


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
    if not user and not dry_run and root == Path("/") and os.geteuid() != 0:
        raise NarratedError(
            "Installing the service for the whole box needs root.",
            "Run it with sudo, or install it for yourself alone with `narrated install --user`.",
        )
    plan = (_for_user if user else _for_box)(config_path, inbox, outbox, gpu)
    if dry_run:
        return list(_announced(plan))
    return list(_carried_out(plan, root))


def commented(inbox: Path, outbox: Path) -> str:
    """The commented configuration that we ship, with these two folders in it."""
    text = shipped("config/narrated.yaml")
    for key, folder in (("inbox", inbox), ("outbox", outbox)):
        line = f"{key}: {json.dumps(str(folder), ensure_ascii=False)}"
        text = re.sub(rf"^{key}:.*$", line.replace("\\", r"\\"), text, count=1, flags=re.MULTILINE)
    return text


# For the whole box, or for one user


def _for_box(
    config_path: Path | None, inbox: Path | None, outbox: Path | None, gpu: bool
) -> Installation:
    path = (config_path or SYSTEM_FILE).absolute()
    config = _configured(path, inbox, outbox, Path("/srv/narrated"))
    _refuse_what_would_harm(config)
    files = [
        File(_UNITS / "narrated.service", shipped("systemd/narrated.service")),
        File(_DROP_INS / "10-paths.conf", drop_in_for_box(config, path)),
        File(_ACCOUNTS, shipped("systemd/narrated.sysusers")),
        File(_FOLDERS, tmpfiles(config)),
        *_users_own(path, config),
    ]
    if gpu:
        files.append(File(_DROP_INS / "20-gpu.conf", shipped("systemd/narrated-gpu.conf")))
    return Installation(
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


def _for_user(
    config_path: Path | None, inbox: Path | None, outbox: Path | None, gpu: bool
) -> Installation:
    if gpu:
        raise ConfigurationError(
            "A user's service needs no drop-in for the GPU.",
            "Leave --gpu out: it sees the card as you do.",
        )
    home = Path.home()
    settings = Path(os.environ.get("XDG_CONFIG_HOME") or home / ".config")
    path = (config_path or settings / USER_FILE).absolute()
    config = _configured(path, inbox, outbox, home / "narrated")
    units = settings / "systemd/user"
    return Installation(
        files=(
            File(units / "narrated.service", shipped("systemd/user/narrated.service")),
            File(units / "narrated.service.d/10-paths.conf", drop_in_for_user(path)),
            *_users_own(path, config),
        ),
        folders=(config.inbox, config.outbox),
        commands=_reload("systemctl", "--user"),
        next_steps=(
            "Start it now and at every login: systemctl --user enable --now narrated",
            "Let it run without you being logged in: sudo loginctl enable-linger "
            + pwd.getpwuid(os.getuid()).pw_name,
            "See that all is well: narrated doctor",
        ),
        shared=False,
    )


def _configured(path: Path, inbox: Path | None, outbox: Path | None, home: Path) -> Config:
    """The configuration as it is, or as it is going to be."""
    if not path.exists():
        text = commented(inbox or home / "inbox", outbox or home / "outbox")
        return configuration.parse(text, path, environ={"HOME": str(Path.home())})
    config = configuration.load(path)
    for key, wanted, found in (("inbox", inbox, config.inbox), ("outbox", outbox, config.outbox)):
        if wanted is not None and wanted.absolute() != found:
            raise ConfigurationError(
                f"{path} says `{key}: {found}`, not {wanted}.",
                f"Change that line and leave --{key} out.",
            )
    return config


def _users_own(path: Path, config: Config) -> tuple[File, ...]:
    lexicon = File(path.parent / "lexicon.yaml", shipped("config/lexicon.yaml"), users_own=True)
    return (File(path, commented(config.inbox, config.outbox), users_own=True), lexicon)


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


# Doing it


def _announced(plan: Installation) -> Iterator[str]:
    for file in plan.files:
        verb = "keep" if file.users_own and file.path.exists() else "write"
        yield f"Would {verb} {file.path}"
    yield from (f"Would make or share {folder}" for folder in plan.folders)
    yield from (f"Would run {' '.join(command)}" for command in plan.commands)
    yield from plan.next_steps


def _carried_out(plan: Installation, root: Path) -> Iterator[str]:
    for file in plan.files:
        yield _write(file, root / file.path.relative_to("/"))
    if root != Path("/"):
        return
    if not plan.shared:
        yield from (_made(folder) for folder in plan.folders)
    for command in plan.commands:
        yield _ran(command)
    if plan.shared:
        yield from (_handed_to_the_group(folder) for folder in plan.folders)
    yield from plan.next_steps


def _write(file: File, path: Path) -> str:
    try:
        if path.exists() and (file.users_own or path.read_text(encoding="utf-8") == file.text):
            return f"Kept {path}"
        _make_readable(path.parent)
        path.write_text(file.text, encoding="utf-8")
        path.chmod(0o644)
    except OSError as error:
        raise StorageError(f"{path} cannot be written: {error.strerror}.", "") from error
    return f"Wrote {path}"


def _make_readable(folder: Path) -> None:
    """Make a folder that the daemon can enter, whatever the umask of who installs."""
    if not folder.is_dir():
        _make_readable(folder.parent)
        folder.mkdir()
        folder.chmod(0o755)


def _made(folder: Path) -> str:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise StorageError(f"{folder} cannot be made: {error.strerror}.", "") from error
    return f"Made {folder}"


def _ran(command: tuple[str, ...]) -> str:
    shown = " ".join(command)
    try:
        done = subprocess.run(command, capture_output=True, text=True, errors="replace")
    except FileNotFoundError as error:
        raise NarratedError(
            f"There is no `{command[0]}` on this box.",
            "Without systemd, start `narrated run` by what starts your other services.",
        ) from error
    if done.returncode != 0:
        raise NarratedError(
            f"`{shown}` failed: {done.stderr.strip()}", "Mend that and install once more."
        )
    return f"Ran {shown}"


def _handed_to_the_group(folder: Path) -> str:
    """Share a folder that existed before; its owner and what it holds stay as they are."""
    status = folder.stat()
    group = pwd.getpwnam(ACCOUNT).pw_gid
    rights = stat.S_ISGID | stat.S_IRWXG
    if status.st_gid == group and status.st_mode & rights == rights:
        return f"{folder} is shared with the group {ACCOUNT}"
    os.chown(folder, -1, group)
    folder.chmod(stat.S_IMODE(folder.stat().st_mode) | rights)
    return f"Shared {folder} with the group {ACCOUNT}"

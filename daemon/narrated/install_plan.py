"""An installation: what is written, made and run, and the doing of it."""

import os
import pwd
import stat
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from narrated.errors import NarratedError, StorageError
from narrated.systemd_units import ACCOUNT


@dataclass(frozen=True, slots=True)
class PlannedFile:
    """A file to write; one that is the user's own is left as it is when it exists."""

    path: Path
    text: str
    users_own: bool = False


@dataclass(frozen=True, slots=True)
class InstallPlan:
    """Everything that an installation does, in its order; nothing of it has been done yet."""

    files: tuple[PlannedFile, ...]
    folders: tuple[Path, ...]
    """The inbox and the outbox."""
    commands: tuple[tuple[str, ...], ...]
    next_steps: tuple[str, ...]
    shared: bool
    """Whether the folders belong to the group `narrated` as well as to who syncs them."""


def announced(plan: InstallPlan) -> Iterator[str]:
    """Say what would be done."""
    for file in plan.files:
        verb = "keep" if file.users_own and file.path.exists() else "write"
        yield f"Would {verb} {file.path}"
    yield from (f"Would make or share {folder}" for folder in plan.folders)
    yield from (f"Would run {' '.join(command)}" for command in plan.commands)
    yield from plan.next_steps


def carried_out(plan: InstallPlan, root: Path) -> Iterator[str]:
    """Do it, and say what was done and what is next; below another root only files are written.

    Raises StorageError where a file cannot be written, NarratedError where a command fails.
    """
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


def _write(file: PlannedFile, path: Path) -> str:
    try:
        if path.exists() and (file.users_own or path.read_text(encoding="utf-8") == file.text):
            return f"Kept {path}"
        make_readable(path.parent)
        path.write_text(file.text, encoding="utf-8")
        path.chmod(0o644)
    except OSError as error:
        raise StorageError(f"{path} cannot be written: {error.strerror}.", "") from error
    return f"Wrote {path}"


def make_readable(folder: Path) -> None:
    """Make a folder that the daemon can enter, whatever the umask of who installs."""
    if not folder.is_dir():
        make_readable(folder.parent)
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

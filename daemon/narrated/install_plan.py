"""An installation's plan: files, folders and commands; and its execution."""

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


def announce(plan: InstallPlan) -> Iterator[str]:
    """Describe the plan, for --dry-run."""
    for file in plan.files:
        verb = "keep" if file.users_own and file.path.exists() else "write"
        yield f"Would {verb} {file.path}"
    yield from (f"Would make or share {folder}" for folder in plan.folders)
    yield from (f"Would run {' '.join(command)}" for command in plan.commands)
    yield from plan.next_steps


def execute(plan: InstallPlan, root: Path) -> Iterator[str]:
    """Execute the plan, and describe each step. Under another root, write files only.

    Raises StorageError if a file cannot be written, NarratedError if a command fails.
    """
    for file in plan.files:
        yield _write(file, root / file.path.relative_to("/"))
    if root != Path("/"):
        return
    if not plan.shared:
        yield from (_make_folder(folder) for folder in plan.folders)
    for command in plan.commands:
        yield _run(command)
    if plan.shared:
        yield from (_share_with_group(folder) for folder in plan.folders)
    yield from plan.next_steps


def _write(file: PlannedFile, path: Path) -> str:
    try:
        if path.exists() and (file.users_own or path.read_text(encoding="utf-8") == file.text):
            return f"Kept {path}"
        make_readable(path.parent)
        path.write_text(file.text, encoding="utf-8")
        path.chmod(0o644)
    except OSError as error:
        raise StorageError(
            f"Cannot write {path}: {error.strerror}.", "Mend that, then run the command again."
        ) from error
    return f"Wrote {path}"


def make_readable(folder: Path) -> None:
    """Make a folder that the daemon can enter, whatever the umask of the caller."""
    if not folder.is_dir():
        make_readable(folder.parent)
        folder.mkdir()
        folder.chmod(0o755)


def _make_folder(folder: Path) -> str:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise StorageError(
            f"Cannot make {folder}: {error.strerror}.", "Mend that, then run the command again."
        ) from error
    return f"Made {folder}"


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

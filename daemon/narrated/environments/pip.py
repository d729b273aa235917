"""pip, as another program: what it says is told on, and what it fails at in words for a person."""

import re
import shlex
import subprocess
from collections.abc import Callable, Sequence
from pathlib import Path

from narrated.errors import NarratedError
from narrated.printable import printable

Told = Callable[[str], None]
"""Told each line that pip says."""

# Everybody may read what root installs: the daemon has another account.
_UMASK = 0o022

# Else the folder that the command is typed in would lend modules, and root would run them.
_SAFELY = "-P"

# The first that pip's words show; a hub that cannot be reached looks like one that has nothing.
_REMEDIES = (
    (
        r"NewConnectionError|Failed to establish|Temporary failure|timed out|ProxyError|SSLError",
        "Look at the network, then run the same command: pip keeps what has come.",
    ),
    (
        r"externally-managed-environment",
        "That interpreter is the system's: install narrated into an environment of its own, "
        "sudo python3 -m venv /opt/narrated, and run the command of that one.",
    ),
    (r"\[Errno 28\]|No space left", "Free some room there, and in TMPDIR; then run it again."),
    (r"\[Errno 13\]|Permission denied", "Run the same command as its owner, or with sudo."),
    (
        r"ResolutionImpossible",
        "What is installed there asks for other versions; give this a place of its own: --apart.",
    ),
)


def install(
    command: Sequence[str], place: Path, what: Sequence[str], told: Told, *options: str
) -> None:
    """Have pip of the interpreter that this command starts install requirements into its place.

    NarratedError where pip is missing or fails, with its last words.
    """
    refuse_without_pip(command)
    full = (*command, _SAFELY, "-m", "pip", "install", "--no-input", "--progress-bar=off")
    full = (*full, "--disable-pip-version-check", *options, *what)
    code, said = _run(full, told)
    if code == 0:
        return
    errors = [line.removeprefix("ERROR: ") for line in said if line.startswith("ERROR: ")]
    why = (errors or said or [f"it ended with exit status {code}"])[-1]
    raise NarratedError(
        f"pip could not install {', '.join(what)} into {place}: {why}", _remedy(said, full)
    )


def has_pip(command: Sequence[str]) -> bool:
    """Whether an interpreter can be run, and has pip."""
    try:
        probe = (*command, _SAFELY, "-c", "import pip")
        return subprocess.run(probe, capture_output=True, check=False).returncode == 0
    except OSError:
        return False


def refuse_without_pip(command: Sequence[str]) -> None:
    """NarratedError, with how to get it, where an interpreter has no pip."""
    if not has_pip(command):
        python = command[0]
        raise NarratedError(
            f"{python} has no pip.",
            f"Get it: {python} -m ensurepip, or in an environment that uv made: "
            f"uv pip install --python {python} pip. Then run the same command.",
        )


def _run(command: Sequence[str], told: Told) -> tuple[int, list[str]]:
    said = []
    with subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        umask=_UMASK,
    ) as process:
        assert process.stdout is not None
        for line in process.stdout:
            said.append(printable(line.rstrip()))
            told(said[-1])
    return process.returncode, said


def _remedy(said: Sequence[str], command: Sequence[str]) -> str:
    words = "\n".join(said)
    for pattern, remedy in _REMEDIES:
        if re.search(pattern, words):
            return remedy
    return f"See all that it says: {shlex.join(command)}"

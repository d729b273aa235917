"""Runs pip as another program: passes its lines on, and translates its failures."""

import re
import shlex
import subprocess
from collections.abc import Callable, Sequence
from pathlib import Path

from narrated.errors import NarratedError
from narrated.printable import printable

OnLine = Callable[[str], None]
"""Called with each line of pip's output."""

# The daemon has another account than root, and must read the installed files.
_UMASK = 0o022

# Without it, root would import modules from the current folder.
_SAFE_PATH = "-P"

# The first match counts; an unreachable index looks like one without the package.
_REMEDIES = (
    (
        r"NewConnectionError|Failed to establish|Temporary failure|timed out|ProxyError|SSLError",
        "Check the network, then run the same command: pip keeps the finished downloads.",
    ),
    (
        r"externally-managed-environment",
        "That interpreter is the system's: install narrated into an environment of its own, "
        "sudo python3 -m venv /opt/narrated, and run the command from there.",
    ),
    (r"\[Errno 28\]|No space left", "Free space there and in TMPDIR, then run the same command."),
    (r"\[Errno 13\]|Permission denied", "Run the same command as the owner, or with sudo."),
    (
        r"ResolutionImpossible",
        "Installed packages need other versions; use an environment of its own: --apart FOLDER.",
    ),
)


def install(
    command: Sequence[str],
    target: Path,
    requirements: Sequence[str],
    on_line: OnLine,
    *options: str,
) -> None:
    """Install requirements with the pip of the interpreter that `command` starts.

    Raises NarratedError if pip is missing, or fails, with its last error line.
    """
    require_pip(command)
    full = (*command, _SAFE_PATH, "-m", "pip", "install", "--no-input", "--progress-bar=off")
    full = (*full, "--disable-pip-version-check", *options, *requirements)
    code, lines = _run_pip(full, on_line)
    if code == 0:
        return
    errors = [line.removeprefix("ERROR: ") for line in lines if line.startswith("ERROR: ")]
    reason = (errors or lines or [f"exit status {code}"])[-1]
    raise NarratedError(
        f"pip could not install {', '.join(requirements)} into {target}: {reason}",
        _remedy(lines, full),
    )


def has_pip(command: Sequence[str]) -> bool:
    """True if an interpreter runs and has pip."""
    try:
        probe = (*command, _SAFE_PATH, "-c", "import pip")
        return subprocess.run(probe, capture_output=True, check=False).returncode == 0
    except OSError:
        return False


def require_pip(command: Sequence[str]) -> None:
    """Raise NarratedError, with the command that installs pip, if an interpreter has none."""
    if not has_pip(command):
        python = command[0]
        raise NarratedError(
            f"{python} has no pip.",
            f"Install it: {python} -m ensurepip, or in an environment that uv made: "
            f"uv pip install --python {python} pip. Then run the same command.",
        )


def _run_pip(command: Sequence[str], on_line: OnLine) -> tuple[int, list[str]]:
    lines = []
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
            lines.append(printable(line.rstrip()))
            on_line(lines[-1])
    return process.returncode, lines


def _remedy(lines: Sequence[str], command: Sequence[str]) -> str:
    words = "\n".join(lines)
    for pattern, remedy in _REMEDIES:
        if re.search(pattern, words):
            return remedy
    return f"See its whole output: {shlex.join(command)}"

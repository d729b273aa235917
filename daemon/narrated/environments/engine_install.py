"""Installs an engine's code by pip: beside our libraries, or in an environment with its pins."""

import importlib.metadata
import importlib.util
import os
import re
import shlex
import subprocess
import sys
import sysconfig
from collections.abc import Callable, Sequence
from pathlib import Path

from narrated.environments.engine_packages import (
    EngineExtra,
    EnginePackage,
    extra_problem,
    import_problem,
    requirements,
)
from narrated.errors import NarratedError, StorageError
from narrated.printable import printable

OnLine = Callable[[str], None]
"""Called with each line of pip's output."""

# The daemon has another account than root, and must read the installed files.
_UMASK = 0o022

_SAFE_PATH = "-P"  # without it, root would import modules from the current folder

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

MARK = "narrated.txt"
"""Marks an environment that we made; once complete, it names the engine and its packages."""

_MODEL_LIBRARIES = ("torch", "transformers")
_ISOLATED = ("-I",)  # no modules from the current folder, PYTHONPATH or the user's home
_OTHER_FOLDER = "Name an empty folder, or one that does not exist."


def install_in_place(package: EnginePackage, on_line: OnLine) -> Path:
    """Install it into our own interpreter, beside newer libraries than it pins.

    Installs its requirements, then the package without its pins; returns the prefix. Raises
    NarratedError if pip fails or the modules cannot be imported, StorageError if the folder is not
    writable.
    """
    prefix = _own_prefix(package.engine)
    needed = requirements(package.extra)
    if not all(importlib.util.find_spec(name) for name in _MODEL_LIBRARIES):
        needed += requirements("models")
    command = (sys.executable,)
    run_pip(command, prefix, needed, on_line)
    # pip refuses it beside our transformers; the engine adapts its modules to that version.
    run_pip(command, prefix, (package.package,), on_line, "--no-deps")
    again = f"{sys.executable} -m pip install --no-deps --force-reinstall {package.package}"
    _require_imports(package, sys.executable, prefix, f"Install it again: {again}")
    return prefix


def install_extra(extra: EngineExtra, on_line: OnLine) -> Path:
    """Install an engine's libraries into our own interpreter; returns the prefix.

    Raises NarratedError if pip fails or they cannot be imported, StorageError if the folder is not
    writable.
    """
    prefix = _own_prefix(extra.engine)
    needed = requirements(extra.extra)
    run_pip((sys.executable,), prefix, needed, on_line)
    if problem := extra_problem(extra):
        again = shlex.join((sys.executable, "-m", "pip", "install", "--force-reinstall", *needed))
        raise NarratedError(
            f"The libraries of {extra.engine} are installed in {prefix}, but they do not work "
            f"there: {problem}.",
            f"Install them again: {again}",
        )
    return prefix


def _own_prefix(engine: str) -> Path:
    """The prefix of our interpreter. Raises StorageError if pip could not write there."""
    prefix = Path(sys.prefix)
    packages = sysconfig.get_path("purelib")
    if not os.access(packages, os.W_OK):  # pip would install where no service looks: at home
        raise StorageError(
            f"{packages} is not writable.",
            f"Run it as its owner: sudo {prefix}/bin/narrated engines install {engine}",
        )
    return prefix


def install_in_venv(package: EnginePackage, folder: Path, python: str, on_line: OnLine) -> Path:
    """Make an environment of `python` in a folder, or complete ours; returns its interpreter.

    Raises NarratedError if the folder is not ours, `python` does not fit the pins, or pip fails;
    StorageError if the folder is not writable.
    """
    interpreter = folder.absolute() / "bin/python"
    command = (str(interpreter), *_ISOLATED)
    what = (_torch(), package.package)
    mark = folder / MARK
    whole = f"{package.engine}: {', '.join(what)}\n"
    _require_own_folder(package, folder)
    is_made = _has_pip(command)
    if is_made and _read_mark(mark) == whole and not import_problem(package, str(interpreter)):
        return interpreter
    if not is_made:
        require_python(package, python)
        _make_venv(package, folder, python)
    run_pip(command, folder, what, on_line)
    again = f"Remove {folder}, then run the same command again."
    _require_imports(package, str(interpreter), folder, again)
    mark.write_text(whole, encoding="utf-8")
    return interpreter


def _require_imports(package: EnginePackage, python: str, place: Path, remedy: str) -> None:
    if problem := import_problem(package, python):
        raise NarratedError(
            f"{package.package} is installed in {place}, but it does not work there: {problem}.",
            remedy,
        )


def require_python(package: EnginePackage, python: str) -> None:
    """Raise NarratedError if an interpreter does not run, or the pins need another version."""
    needed = ".".join(map(str, package.pins_python))
    remedy = f"Name a Python {needed}, such as: --python python{needed}"
    probe = (python, *_ISOLATED, "-c", "import sys; print(*sys.version_info[:2], sep='.')")
    try:
        done = subprocess.run(probe, capture_output=True, text=True, check=False)
    except OSError as error:
        raise NarratedError(f"{python} cannot be run: {error.strerror}.", remedy) from error
    version = done.stdout.strip() if done.returncode == 0 else "no Python"
    if version != needed:
        raise NarratedError(
            f"{python} is {version}; the pins of {package.package} need Python {needed}: "
            f"{package.pins_why}.",
            f"{remedy}. `uv python install {needed}` installs one.",
        )


def _torch() -> str:
    """Our own version of torch, so that its results are the same."""
    try:
        return f"torch=={importlib.metadata.version('torch').partition('+')[0]}"
    except importlib.metadata.PackageNotFoundError:
        return "torch"


def _require_own_folder(package: EnginePackage, folder: Path) -> None:
    try:
        is_empty = not any(folder.iterdir())
        whose = _read_mark(folder / MARK).partition(":")[0].strip()
    except FileNotFoundError:
        return
    except OSError as error:
        raise StorageError(f"{folder} cannot be read: {error.strerror}.", _OTHER_FOLDER) from error
    if not is_empty and whose != package.engine:
        origin = f"has the code of {printable(whose)}" if whose else "was not made by this command"
        raise NarratedError(f"{folder} exists, and {origin}.", _OTHER_FOLDER)


def _make_venv(package: EnginePackage, folder: Path, python: str) -> None:
    """Write the mark first: after an interruption, the same command completes the environment."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        (folder / MARK).write_text(f"{package.engine}\n", encoding="utf-8")
        folder.chmod(0o755)
        for link in (folder / "bin").glob("python*"):
            if not link.exists():  # its interpreter is gone, and venv fails on it
                link.unlink()
    except OSError as error:
        raise StorageError(
            f"{folder} cannot be made: {error.strerror}.", "Run the same command with sudo."
        ) from error
    command = (python, *_ISOLATED, "-m", "venv", str(folder))
    done = subprocess.run(command, capture_output=True, text=True, umask=_UMASK, check=False)
    if done.returncode != 0:
        output = " ".join((done.stdout + done.stderr).split())
        raise NarratedError(
            f"{python} could not make an environment in {folder}: {output or 'no reason given'}",
            "On Debian and Ubuntu, install the package for it: "
            f"sudo apt install python{'.'.join(map(str, package.pins_python))}-venv",
        )


def _read_mark(mark: Path) -> str:
    return mark.read_text(encoding="utf-8") if mark.is_file() else ""


def run_pip(
    command: Sequence[str],
    target: Path,
    requirements: Sequence[str],
    on_line: OnLine,
    *options: str,
) -> None:
    """Install by the pip that `command` starts. Raises NarratedError with its last error line."""
    python = command[0]
    if not _has_pip(command):
        raise NarratedError(
            f"{python} has no pip.",
            f"Install it: {python} -m ensurepip, or in an environment that uv made: "
            f"uv pip install --python {python} pip. Then run the same command.",
        )
    full = (*command, _SAFE_PATH, "-m", "pip", "install", "--no-input", "--progress-bar=off")
    full = (*full, "--disable-pip-version-check", *options, *requirements)
    code, lines = _follow(full, on_line)
    if code == 0:
        return
    errors = [line.removeprefix("ERROR: ") for line in lines if line.startswith("ERROR: ")]
    reason = (errors or lines or [f"exit status {code}"])[-1]
    output = "\n".join(lines)
    fitting = (remedy for pattern, remedy in _REMEDIES if re.search(pattern, output))
    raise NarratedError(
        f"pip could not install {', '.join(requirements)} into {target}: {reason}",
        next(fitting, f"See its whole output: {shlex.join(full)}"),
    )


def _has_pip(command: Sequence[str]) -> bool:
    """True if an interpreter runs and has pip."""
    try:
        probe = (*command, _SAFE_PATH, "-c", "import pip")
        return subprocess.run(probe, capture_output=True, check=False).returncode == 0
    except OSError:
        return False


def _follow(command: Sequence[str], on_line: OnLine) -> tuple[int, list[str]]:
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

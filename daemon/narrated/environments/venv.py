"""Installs an engine's code into a virtual environment, with the libraries that it pins."""

import importlib.metadata
import subprocess
from pathlib import Path

from narrated.environments.engine_packages import EnginePackage, import_problem
from narrated.environments.pip import OnLine, has_pip, install
from narrated.errors import NarratedError, StorageError
from narrated.printable import printable

MARK = "narrated.txt"
"""Marks an environment that we made; once complete, it names the engine and its packages."""

_ISOLATED = ("-I",)
"""No modules from the current folder, PYTHONPATH or the user's home."""


def install_in_venv(package: EnginePackage, folder: Path, python: str, on_line: OnLine) -> Path:
    """Make an environment of `python` in a folder, or complete ours; returns its interpreter.

    Raises NarratedError if the folder is not ours, `python` does not fit the pins, or pip fails;
    StorageError if the folder is not writable.
    """
    interpreter = folder.absolute() / "bin/python"
    command = (str(interpreter), *_ISOLATED)
    what = (*_torch(), package.package)
    mark = folder / MARK
    whole = f"{package.engine}: {', '.join(what)}\n"
    _require_own_folder(package, folder)
    is_made = has_pip(command)
    if is_made and _read_mark(mark) == whole and not import_problem(package, str(interpreter)):
        return interpreter
    if not is_made:
        require_python(package, python)
        _make_venv(package, folder, python)
    install(command, folder, what, on_line)
    if problem := import_problem(package, str(interpreter)):
        raise NarratedError(
            f"{package.package} is installed in {folder}, but it does not work there: {problem}.",
            f"Remove {folder}, then run the same command again.",
        )
    mark.write_text(whole, encoding="utf-8")
    return interpreter


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


def _torch() -> tuple[str, ...]:
    """Our own version of torch, so that its results are the same."""
    try:
        return (f"torch=={importlib.metadata.version('torch').partition('+')[0]}",)
    except importlib.metadata.PackageNotFoundError:
        return ("torch",)


def _require_own_folder(package: EnginePackage, folder: Path) -> None:
    try:
        is_empty = not any(folder.iterdir())
        whose = _read_mark(folder / MARK).partition(":")[0].strip()
    except FileNotFoundError:
        return
    except OSError as error:
        raise StorageError(
            f"{folder} cannot be read: {error.strerror}.",
            "Name an empty folder, or one that does not exist.",
        ) from error
    if not is_empty and whose != package.engine:
        origin = f"has the code of {printable(whose)}" if whose else "was not made by this command"
        raise NarratedError(
            f"{folder} exists, and {origin}.", "Name an empty folder, or one that does not exist."
        )


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
    done = subprocess.run(command, capture_output=True, text=True, umask=0o022, check=False)
    if done.returncode != 0:
        output = " ".join((done.stdout + done.stderr).split())
        raise NarratedError(
            f"{python} could not make an environment in {folder}: {output or 'no reason given'}",
            "On Debian and Ubuntu, install the package for it: "
            f"sudo apt install python{'.'.join(map(str, package.pins_python))}-venv",
        )


def _read_mark(mark: Path) -> str:
    try:
        return mark.read_text(encoding="utf-8")
    except FileNotFoundError:
        return ""

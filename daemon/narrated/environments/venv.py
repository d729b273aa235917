"""An engine's code in an environment apart, with the very libraries that it pins."""

import importlib.metadata
import subprocess
from pathlib import Path

from narrated.environments.engine_packages import EnginePackage, lack
from narrated.environments.pip import Told, has_pip, install
from narrated.errors import NarratedError, StorageError
from narrated.printable import printable

MARK = "narrated.txt"
"""Stands in an environment that we made, and says whose code it has, once it is whole."""

_ALONE = ("-I",)
"""Neither the folder that the command is typed in, nor PYTHONPATH, nor a home lends modules."""


def install_apart(code: EnginePackage, folder: Path, python: str, told: Told) -> Path:
    """Make an environment of `python` in a folder, or complete ours there; gives its interpreter.

    Raises NarratedError where the folder is not ours, `python` does not fit the pins or pip fails,
    StorageError where the folder cannot be written.
    """
    interpreter = folder.absolute() / "bin/python"
    command = (str(interpreter), *_ALONE)
    what = (*_torch(), code.package)
    mark = folder / MARK
    whole = f"{code.engine}: {', '.join(what)}\n"
    _refuse_stranger(code, folder)
    is_made = has_pip(command)
    if is_made and _read(mark) == whole and not lack(code, str(interpreter)):
        return interpreter
    if not is_made:
        refuse_python(code, python)
        _make(code, folder, python)
    install(command, folder, what, told)
    if lacking := lack(code, str(interpreter)):
        raise NarratedError(
            f"{code.package} is installed into {folder}, and cannot be used there: {lacking}.",
            f"Remove {folder}, and run the same command again.",
        )
    mark.write_text(whole, encoding="utf-8")
    return interpreter


def refuse_python(code: EnginePackage, python: str) -> None:
    """NarratedError where an interpreter cannot be run, or is not the one that the pins need."""
    needed = ".".join(map(str, code.pins_python))
    remedy = f"Name one of {needed}, such as: --python python{needed}"
    probe = (python, *_ALONE, "-c", "import sys; print(*sys.version_info[:2], sep='.')")
    try:
        done = subprocess.run(probe, capture_output=True, text=True, check=False)
    except OSError as error:
        raise NarratedError(f"{python} cannot be run: {error.strerror}.", remedy) from error
    version = done.stdout.strip() if done.returncode == 0 else "no Python"
    if version != needed:
        raise NarratedError(
            f"{python} is {version}; the pins of {code.package} need Python {needed}: "
            f"{code.pins_why}.",
            f"{remedy}. Where there is none, `uv python install {needed}` brings it.",
        )


def _torch() -> tuple[str, ...]:
    """The torch that we have, whatever it was built for: what it computes is then the same."""
    try:
        return (f"torch=={importlib.metadata.version('torch').partition('+')[0]}",)
    except importlib.metadata.PackageNotFoundError:
        return ("torch",)


def _refuse_stranger(code: EnginePackage, folder: Path) -> None:
    try:
        is_empty = not any(folder.iterdir())
        whose = _read(folder / MARK).partition(":")[0].strip()
    except FileNotFoundError:
        return
    except OSError as error:
        raise StorageError(
            f"{folder} cannot be looked into: {error.strerror}.",
            "Name a folder that is empty, or not there yet.",
        ) from error
    if not is_empty and whose != code.engine:
        of = f"has the code of {printable(whose)}" if whose else "was not made by this command"
        raise NarratedError(
            f"{folder} is there, and {of}.", "Name a folder that is empty, or not there yet."
        )


def _make(code: EnginePackage, folder: Path, python: str) -> None:
    """The mark first: what is interrupted from here on is ours to complete."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        (folder / MARK).write_text(f"{code.engine}\n", encoding="utf-8")
        folder.chmod(0o755)
        for link in (folder / "bin").glob("python*"):
            if not link.exists():  # its interpreter is gone; venv would stumble over it
                link.unlink()
    except OSError as error:
        raise StorageError(
            f"{folder} cannot be made: {error.strerror}.", "Run the same command with sudo."
        ) from error
    command = (python, *_ALONE, "-m", "venv", str(folder))
    done = subprocess.run(command, capture_output=True, text=True, umask=0o022, check=False)
    if done.returncode != 0:
        said = " ".join((done.stdout + done.stderr).split())
        raise NarratedError(
            f"{python} could not make an environment in {folder}: {said or 'it does not say why'}",
            "On Debian and Ubuntu this needs another package: "
            f"sudo apt install python{'.'.join(map(str, code.pins_python))}-venv",
        )


def _read(mark: Path) -> str:
    try:
        return mark.read_text(encoding="utf-8")
    except FileNotFoundError:
        return ""

"""Installs an engine's code into our own interpreter, beside newer libraries than it pins."""

import importlib.util
import os
import sys
import sysconfig
from pathlib import Path

from narrated.environments.engine_packages import EnginePackage, import_problem, requirements
from narrated.environments.pip import OnLine, install
from narrated.errors import NarratedError, StorageError

_MODEL_LIBRARIES = ("torch", "transformers")


def install_in_place(package: EnginePackage, on_line: OnLine) -> Path:
    """Install its requirements, then the package without its pins; returns the prefix.

    Raises NarratedError if pip fails or the modules cannot be imported, StorageError if the
    folder is not writable.
    """
    prefix = Path(sys.prefix)
    needed = requirements(package.extra)
    if not all(importlib.util.find_spec(name) for name in _MODEL_LIBRARIES):
        needed += requirements("models")
    _require_writable(package)
    command = (sys.executable,)
    install(command, prefix, needed, on_line)
    # pip refuses it beside our transformers; the engine adapts its modules to that version.
    install(command, prefix, (package.package,), on_line, "--no-deps")
    if problem := import_problem(package, sys.executable):
        raise NarratedError(
            f"{package.package} is installed in {prefix}, but it does not work there: {problem}.",
            f"Install it again: {sys.executable} -m pip install --no-deps --force-reinstall "
            f"{package.package}",
        )
    return prefix


def _require_writable(package: EnginePackage) -> None:
    """Refuse early: pip would install into the user's home, and no service looks there."""
    packages = sysconfig.get_path("purelib")
    if not os.access(packages, os.W_OK):
        raise StorageError(
            f"{packages} is not writable.",
            f"Run it as its owner: sudo {sys.prefix}/bin/narrated engines install {package.engine}",
        )

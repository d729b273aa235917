"""An engine's code in our own interpreter, beside libraries newer than those that it pins."""

import importlib.util
import os
import sys
import sysconfig
from pathlib import Path

from narrated.environments.engine_packages import EnginePackage, lack, requirements
from narrated.environments.pip import Told, install
from narrated.errors import NarratedError, StorageError

_MODELS = ("torch", "transformers")


def install_beside(code: EnginePackage, told: Told) -> Path:
    """Install what the code needs, then the code without its pins; gives the place.

    Raises NarratedError where pip fails or the modules cannot be found afterwards, StorageError
    where the place cannot be written.
    """
    place = Path(sys.prefix)
    needed = requirements(code.extra)
    if not all(importlib.util.find_spec(name) for name in _MODELS):
        needed += requirements("models")
    _refuse_unwritable(code)
    command = (sys.executable,)
    install(command, place, needed, told)
    # pip refuses it beside our transformers, which it was not made for, and the engine makes fit.
    install(command, place, (code.package,), told, "--no-deps")
    if lacking := lack(code, sys.executable):
        raise NarratedError(
            f"{code.package} is installed into {place}, and cannot be used there: {lacking}.",
            f"Install it anew: {sys.executable} -m pip install --no-deps --force-reinstall "
            f"{code.package}",
        )
    return place


def _refuse_unwritable(code: EnginePackage) -> None:
    """Told here: pip would install it into the home of who runs it, where no service looks."""
    packages = sysconfig.get_path("purelib")
    if not os.access(packages, os.W_OK):
        raise StorageError(
            f"{packages} cannot be written.",
            f"Run it as its owner: sudo {sys.prefix}/bin/narrated engines install {code.engine}",
        )

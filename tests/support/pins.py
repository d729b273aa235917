"""An interpreter in which Tortoise's own pins hold, made once by the command that people type."""

import fcntl
import os
import shutil
import subprocess
import sys
from importlib import metadata
from pathlib import Path

import pytest

import narrated
from narrated.environments.engine_install import MARK
from narrated.environments.engine_packages import ENGINE_PACKAGES

MAKING_S = 900.0
"""Some minutes where nothing of it is cached; a second or two once it is there."""

TORTOISE = ENGINE_PACKAGES["tortoise"]
_NAME = f"python{'.'.join(map(str, TORTOISE.pins_python))}"
FITTING = sys.executable if sys.version_info[:2] == TORTOISE.pins_python else _NAME
"""A Python in which the pins can be installed."""


@pytest.fixture(scope="session")
def tortoise_pins() -> Path:
    """The interpreter of that environment, which stays below the one that tests run in."""
    if shutil.which(FITTING) is None:
        pytest.skip(f"needs {FITTING}: the pins have wheels for no newer one")
    folder = Path(sys.prefix) / "tortoise-pins"
    with Path(f"{folder}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # others may run tests in the same environment
        if not _is_complete(folder):  # the command would try its imports again
            installed = command("install", "tortoise", "--apart", str(folder), "--python", FITTING)
            assert installed.returncode == 0, installed.stderr
    return folder / "bin/python"


def _is_complete(folder: Path) -> bool:
    torch = metadata.version("torch").partition("+")[0]
    mark = folder / MARK
    whole = f"tortoise: torch=={torch}, {TORTOISE.package}\n"
    return mark.exists() and mark.read_text() == whole


def command(
    *arguments: str, cwd: Path | None = None, python: str = sys.executable, **environ: str
) -> subprocess.CompletedProcess[str]:
    """Run `narrated engines …`, as typed: a script, which has its own folder on the path alone."""
    package = str(Path(narrated.__file__).parents[1])
    return subprocess.run(
        [python, "-P", "-m", "narrated.cli.main", "engines", *arguments],
        cwd=cwd,
        env={**os.environ, "PYTHONPATH": package, **environ},
        capture_output=True,
        text=True,
        timeout=MAKING_S,
        check=False,
    )

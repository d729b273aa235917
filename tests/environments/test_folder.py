"""The command runs nothing of the folder that it is typed in: it is run as root, anywhere."""

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from narrated.environments.engine_packages import import_problem
from narrated.environments.pip import install
from support.pins import FITTING, TORTOISE, command

NOTHING = {"PIP_NO_INDEX": "1", "PIP_FIND_LINKS": "", "PIP_CONFIG_FILE": "/dev/null"}


@pytest.fixture
def planted(tmp_path: Path) -> Path:
    """A folder of modules that are called as what the command needs, and tell that they ran."""
    folder = tmp_path / "planted"
    folder.mkdir()
    for name in ("pip", "ensurepip", "venv", "torch", "transformers", "tortoise", "narrated"):
        ran = f"import pathlib; pathlib.Path({str(folder)!r}, 'ran-{name}').touch()\n"
        (folder / f"{name}.py").write_text(ran)
    return folder


def ran(folder: Path) -> list[str]:
    """The modules of that folder which were run."""
    return sorted(path.name.removeprefix("ran-") for path in folder.glob("ran-*"))


def test_beside_the_rest(planted: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(planted)
    said: list[str] = []
    options = ("--dry-run", "--no-index")
    install((sys.executable,), Path(sys.prefix), ("einops",), said.append, *options)
    assert any("already satisfied: einops" in line for line in said)
    assert import_problem(replace(TORTOISE, probe="narrated.human_sizes"), sys.executable) == ""
    assert ran(planted) == []


def test_apart(planted: Path, tmp_path: Path) -> None:
    apart = ("--apart", str(tmp_path / "apart"), "--python", FITTING)
    done = command("install", "tortoise", *apart, cwd=planted, **NOTHING)
    assert ran(planted) == []
    assert "pip could not install" in done.stderr, "it came as far as its own pip"


def test_other_interpreter_runs_no_code(
    planted: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A look for the code in another interpreter runs nothing from the current folder."""
    subprocess.run((sys.executable, "-m", "venv", "--without-pip", tmp_path / "bare"), check=True)
    monkeypatch.chdir(planted)
    assert import_problem(TORTOISE, str(tmp_path / "bare/bin/python")).endswith(
        "No module named 'torch'"
    )
    assert ran(planted) == []

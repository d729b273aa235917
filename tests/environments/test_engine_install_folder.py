"""The command runs nothing of the folder that it is typed in: it is run as root, anywhere."""

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from narrated.environments.engine_install import run_pip
from narrated.environments.engine_packages import import_problem
from support.pins import TORTOISE
from support.planted_modules import plant, ran


@pytest.fixture
def planted(tmp_path: Path) -> Path:
    """A folder of modules that are called as what the command needs, and tell that they ran."""
    folder = tmp_path / "planted"
    folder.mkdir()
    plant(folder)
    return folder


def test_beside_the_rest(planted: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(planted)
    said: list[str] = []
    options = ("--dry-run", "--no-index")
    run_pip((sys.executable,), Path(sys.prefix), ("einops",), said.append, *options)
    assert any("already satisfied: einops" in line for line in said)
    assert (
        import_problem(replace(TORTOISE, probe="narrated.human_formatting"), sys.executable) == ""
    )
    assert ran(planted) == []


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

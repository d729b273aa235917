"""An engine's code apart: a real environment with the real pins, and what is refused."""

import json
import subprocess
import sys
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

import pytest
import yaml

from narrated.config.file import parse
from narrated.config.worker_specs import worker_specs
from narrated.environments.engine_install import MARK, require_python
from narrated.errors import NarratedError
from support.pins import FITTING, TORTOISE, command
from support.planted_modules import plant, ran

NOTHING = {"PIP_NO_INDEX": "1", "PIP_FIND_LINKS": "", "PIP_CONFIG_FILE": "/dev/null"}
LOOK = """
import importlib.metadata as metadata, importlib.util, json
told = {name: metadata.version(name) for name in ("torch", "transformers", "tokenizers")}
narrated = [d.name for d in metadata.distributions() if d.name == "narrated"]
place = importlib.util.find_spec("transformers").origin
print(json.dumps(told | {"place": place, "narrated": narrated}))
"""


@pytest.mark.long  # it installs torch and more
def test_pins_hold(tortoise_pins: Path) -> None:
    """The versions that the engine pins are installed, and nothing of ours."""
    done = subprocess.run((tortoise_pins, "-I", "-c", LOOK), capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert told["transformers"] == "4.31.0"
    assert Path(told["place"]).is_relative_to(tortoise_pins.parents[1])
    assert told["tokenizers"].startswith("0.13.")
    assert told["torch"].partition("+")[0] == metadata.version("torch").partition("+")[0]
    assert told["narrated"] == [], "an environment apart needs nothing of ours"


@pytest.mark.long  # the same
def test_complete_venv_stays(
    tortoise_pins: Path,
) -> None:
    """An environment whose modules import is left as it is; its lines are a configuration."""
    folder = tortoise_pins.parents[1]
    before = (folder / MARK).stat().st_mtime_ns
    again = command("install", "tortoise", "--apart", str(folder), PIP_NO_INDEX="1")
    assert again.returncode == 0, again.stderr
    assert (folder / MARK).stat().st_mtime_ns == before
    lines = again.stdout.partition("narrated.yaml:\n")[2]
    assert yaml.safe_load(lines) == {"engines": {"tortoise": {"python": str(tortoise_pins)}}}
    config = parse(f"inbox: /in\noutbox: /out\n{lines.strip()}", folder / "x.yaml", {"HOME": "/"})
    (worker,) = [each for each in worker_specs(config) if each.python]
    assert (worker.python, worker.engines[0].name) == (str(tortoise_pins), "tortoise")


@dataclass(frozen=True)
class CutInstall:
    """An environment, its interpreter gone, that an install without an index was to complete."""

    folder: Path
    planted: Path
    """Where the command was typed: it has modules by the names of what the command needs."""
    done: subprocess.CompletedProcess[str]


@pytest.fixture(scope="module")
def cut(tmp_path_factory: pytest.TempPathFactory) -> CutInstall:
    folder, planted = tmp_path_factory.mktemp("apart"), tmp_path_factory.mktemp("planted")
    plant(planted)
    subprocess.run((sys.executable, "-m", "venv", "--without-pip", folder), check=True)
    (folder / MARK).write_text("tortoise\n")
    gone = folder / "bin/python"
    gone.unlink()
    gone.symlink_to("/nowhere/python3")
    apart = ("--apart", str(folder), "--python", FITTING)
    return CutInstall(
        folder, planted, command("install", "tortoise", *apart, cwd=planted, **NOTHING)
    )


def test_interrupted_venv_completes(cut: CutInstall) -> None:
    """An interrupted installation is completed even where its interpreter is gone."""
    pip = (cut.folder / "bin/python", "-m", "pip", "--version")
    assert subprocess.run(pip, capture_output=True).returncode == 0
    assert cut.done.returncode == 1
    assert "pip could not install" in cut.done.stderr and "torch==" in cut.done.stderr
    assert (cut.folder / MARK).read_text() == "tortoise\n", "ours, and not whole"


def test_venv_runs_no_code_of_folder(cut: CutInstall) -> None:
    """Making an environment runs nothing of the folder that the command is typed in."""
    assert "pip could not install" in cut.done.stderr, "it came as far as its own pip"
    assert ran(cut.planted) == []


def test_foreign_folder_is_kept(tmp_path: Path) -> None:
    """A folder of somebody else's folder is left alone."""
    (tmp_path / "letters.txt").write_text("mine")
    refused = command("install", "tortoise", "--apart", str(tmp_path))
    assert refused.returncode == 1
    assert f"{tmp_path} exists, and was not made by this command" in refused.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["letters.txt"]


def test_other_engines_venv_is_kept(tmp_path: Path) -> None:
    """An environment of another engine is left alone."""
    (tmp_path / MARK).write_text("another: its-package==1\n")
    refused = command("install", "tortoise", "--apart", str(tmp_path))
    assert "has the code of another" in refused.stderr


def test_file_instead_of_folder(tmp_path: Path) -> None:
    """A file in place of the folder is told."""
    (tmp_path / "apart").touch()
    refused = command("install", "tortoise", "--apart", str(tmp_path / "apart"))
    assert f"{tmp_path}/apart cannot be read: Not a directory" in refused.stderr


@pytest.mark.parametrize("version", ["3.10", "3.12", "3.13"])
def test_wrong_python_is_refused(tmp_path: Path, version: str) -> None:
    """A python that the pins cannot be installed in is refused."""
    python = tmp_path / "python"
    python.write_text(f"#!/bin/sh\necho {version}\n")
    python.chmod(0o755)
    refused = command(
        "install", "tortoise", "--apart", str(tmp_path / "e"), "--python", str(python)
    )
    assert refused.returncode == 1
    assert (
        f"{python} is {version}; the pins of tortoise-tts==3.0.0 need Python 3.11" in refused.stderr
    )
    assert "--python python3.11" in refused.stderr
    assert not (tmp_path / "e").exists()


def test_non_interpreter_is_refused() -> None:
    """A file that is no interpreter is refused."""
    with pytest.raises(NarratedError, match="cannot be run: No such file"):
        require_python(TORTOISE, "/nowhere/python")
    with pytest.raises(NarratedError, match="is no Python"):
        require_python(TORTOISE, "/bin/false")


def test_python_needs_apart() -> None:
    """An interpreter without an environment to put it in is wrong usage."""
    refused = command("install", "tortoise", "--python", sys.executable)
    assert refused.returncode == 2
    assert "--apart FOLDER" in refused.stderr

"""An engine's code beside our libraries, and what its installation says when it cannot be."""

import json
import os
import shlex
import subprocess
import sys
import zipfile
from importlib import metadata
from pathlib import Path

import pytest

from narrated.engines.registry import BUILT_IN_ENGINES
from narrated.environments.engine_install import run_pip
from narrated.environments.engine_packages import (
    ENGINE_PACKAGES,
    EngineExtra,
    import_problem,
    installable,
    installable_names,
    requirements,
)
from narrated.errors import NarratedError
from support.daemon import as_anybody
from support.partial_venv import venv_without
from support.pins import TORTOISE, command


def heard(line: str) -> None:
    """Drop a line of progress."""


def test_present_code_needs_no_network() -> None:
    """An installed engine works beside newer libraries than it pins, without a network."""
    assert int(metadata.version("transformers").split(".")[0]) >= 5
    done = command("install", "tortoise", PIP_NO_INDEX="1")
    assert done.returncode == 0, done.stderr  # it has looked whether a worker can use it
    assert (
        f"tortoise-tts==3.0.0 is installed in {sys.prefix}, beside narrated's own libraries."
        in done.stdout
    )
    assert "narrated models pull tortoise" in done.stdout


def test_missing_modules_are_named(tmp_path: Path) -> None:
    """Modules that are not there are named."""
    bare = tmp_path / "bare"
    subprocess.run((sys.executable, "-m", "venv", "--without-pip", bare), check=True)
    assert import_problem(TORTOISE, str(bare / "bin/python")).endswith("No module named 'torch'")


def test_callers_path_does_not_count(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The caller's path does not count, as no worker gets it."""
    subprocess.run((sys.executable, "-m", "venv", "--without-pip", tmp_path), check=True)
    monkeypatch.setenv("PYTHONPATH", ":".join(sys.path))
    assert import_problem(TORTOISE, str(tmp_path / "bin/python")).endswith(
        "No module named 'torch'"
    )


@pytest.mark.parametrize(
    ("line", "asked"),
    [
        ("einops>=0.8; extra == 'voice'", "einops>=0.8"),
        ('einops; extra == "voice"', "einops"),
        (
            "soxr>=1; (python_version < '3.13') and extra == 'voice'",
            "soxr>=1; (python_version < '3.13')",
        ),
        ("soxr; python_version < '3.13' and extra == 'voice'", "soxr; python_version < '3.13'"),
    ],
)
def test_extra_from_metadata(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, line: str, asked: str
) -> None:
    """An extra's requirements are taken from the metadata."""
    lines = ["click>=8", "pytest; extra == 'test'", "narrated[voice]; extra == 'test'", line]
    told = "".join(f"Requires-Dist: {each}\n" for each in lines)
    (tmp_path / "narrated-9.dist-info").mkdir()
    metadata = f"Metadata-Version: 2.1\nName: narrated\nVersion: 9\n{told}"
    (tmp_path / "narrated-9.dist-info/METADATA").write_text(metadata)
    monkeypatch.syspath_prepend(tmp_path)
    assert requirements("voice") == (asked,)


def test_unknown_extra_is_told() -> None:
    """An extra that the installed narrated does not know is told."""
    with pytest.raises(NarratedError, match=r"pip install \.") as refused:
        requirements("nothing-of-this-name")
    assert refused.value.problem == (
        f"narrated is not installed in {sys.prefix}, or its version is too old to name the "
        "requirements of nothing-of-this-name."
    )
    assert sys.executable in refused.value.remedy


def test_each_engine_has_its_extra() -> None:
    """Every engine that needs libraries is installed by its name, from an extra of narrated."""
    for name in installable_names():
        found = installable(name)
        assert requirements(found.extra)
        assert found.engine == name
        assert BUILT_IN_ENGINES[name].code.installed_as == name
    for package in ENGINE_PACKAGES.values():
        assert installable(package.engine) is package
        assert BUILT_IN_ENGINES[package.engine].code.pins
    assert installable("bark-small") == EngineExtra(
        "bark-small", "models", ("torch", "transformers")
    )


def test_engine_without_code_is_told() -> None:
    """An engine that comes with narrated is told from one that is none."""
    with pytest.raises(NarratedError, match="'espeak' comes with narrated"):
        installable("espeak")
    with pytest.raises(NarratedError, match="'bork' is no engine of ours") as refused:
        installable("bork")
    assert "bark, tortoise, piper" in refused.value.remedy


def wheel(folder: Path, module: str, version: str, code: str) -> None:
    """Write a wheel that has one module."""
    info = f"{module}-{version}.dist-info"
    files = {
        f"{module}.py": code,
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {module}\nVersion: {version}\n",
        f"{info}/WHEEL": "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    files[f"{info}/RECORD"] = "".join(f"{name},,\n" for name in (*files, f"{info}/RECORD"))
    with zipfile.ZipFile(folder / f"{module}-{version}-py3-none-any.whl", "w") as archive:
        for name, text in files.items():
            archive.writestr(name, text)


def test_extra_is_installed(tmp_path: Path) -> None:
    """The libraries of an engine are installed by its name; broken ones are told."""
    python = str(venv_without(tmp_path, "faster_whisper"))
    offline = {"PIP_NO_INDEX": "1", "PIP_FIND_LINKS": str(tmp_path), "PYTHON_COLORS": "0"}

    def listed() -> dict[str, str]:
        rows = json.loads(command("list", "--json", python=python).stdout)
        return {row["name"]: row["state"] for row in rows}

    assert listed()["faster-whisper"] == "not installed"
    wheel(tmp_path, "faster_whisper", "1.2.0", "raise ImportError('half of it is missing')")
    broken = command("install", "faster-whisper", python=python, **offline)
    assert broken.returncode == 1
    assert "do not work there: ImportError: half of it is missing." in broken.stderr
    wheel(tmp_path, "faster_whisper", "1.2.1", "")
    mended = broken.stderr.rstrip().rpartition("Install them again: ")[2]
    subprocess.run(shlex.split(mended), env={**os.environ, **offline}, check=True)
    assert listed()["faster-whisper"] == "not pulled"


def test_missing_pip_says_remedy(tmp_path: Path) -> None:
    """An interpreter without pip is told how to get it."""
    subprocess.run((sys.executable, "-m", "venv", "--without-pip", tmp_path), check=True)
    python = str(tmp_path / "bin/python")
    with pytest.raises(NarratedError, match="has no pip") as refused:
        run_pip((python,), tmp_path, ("einops",), heard)
    assert f"{python} -m ensurepip" in refused.value.remedy
    assert f"uv pip install --python {python} pip" in refused.value.remedy


def test_network_failure_is_distinct(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A network that is not there is told apart from what is nowhere."""
    nowhere = ("nothing-of-this-name==1",)
    options = ("--index-url=http://127.0.0.1:9/simple", "--retries=1", "--dry-run")
    monkeypatch.setenv("PIP_CONFIG_FILE", "/dev/null")
    said: list[str] = []
    with pytest.raises(NarratedError, match="No matching distribution found") as refused:
        run_pip((sys.executable,), Path(sys.prefix), nowhere, said.append, *options)
    assert "Check the network" in refused.value.remedy
    assert any("127.0.0.1" in line for line in said), "all that pip says is told on"
    with pytest.raises(NarratedError, match="No matching distribution found") as refused:
        run_pip((sys.executable,), Path(sys.prefix), nowhere, heard, "--no-index", "--dry-run")
    assert "-m pip install" in refused.value.remedy


def test_unwritable_names_command(
    tmp_path: Path,
) -> None:
    """An environment that may not be written names the command for its owner."""
    subprocess.run((sys.executable, "-m", "venv", "--without-pip", tmp_path), check=True)
    (packages,) = tmp_path.glob("lib/python*/site-packages")
    packages.chmod(0o555)
    typed = (tmp_path / "bin/python", "-m", "narrated.cli.main", "engines", "install", "tortoise")
    refused = subprocess.run(
        (*as_anybody(), *typed),
        env={"PYTHONPATH": ":".join(sys.path), "PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
    )
    assert refused.returncode == 5
    assert f"{packages} is not writable" in refused.stderr
    assert f"sudo {tmp_path}/bin/narrated engines install tortoise" in refused.stderr


def test_one_command_installs_it(tmp_path: Path) -> None:
    """One command installs it beside the rest."""
    python = venv_without(tmp_path, "tortoise", "tortoise_tts", "einops", "unidecode")
    find = "import importlib.util as util; print(util.find_spec('tortoise'))"
    assert subprocess.check_output((python, "-c", find), text=True).strip() == "None"
    done = command("install", "tortoise", python=str(python))
    assert done.returncode == 0, done.stderr  # it has looked whether a worker can use it
    installed = {path.name for path in (python.parents[1] / "lib").glob("python*/site-packages/*")}
    assert installed >= {"tortoise", "einops", "unidecode"}
    assert not installed & {"torch", "transformers", "tokenizers"}, "those that were there stay"
    version = "import importlib.metadata as metadata; print(metadata.version('transformers'))"
    told = subprocess.check_output((python, "-c", version), text=True)
    assert int(told.split(".")[0]) >= 5

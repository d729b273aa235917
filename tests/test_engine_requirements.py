"""`narrated config check` says what the engines that are named still lack, and how to get it."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import yaml


def check(home: Path, *flags: str, **entries: Any) -> subprocess.CompletedProcess[str]:
    """Check a configuration with these entries."""
    folders = {name: str(home / name) for name in ("inbox", "outbox", "state", "cache")}
    (home / "narrated.yaml").write_text(yaml.safe_dump({**folders, **entries}))
    command = (sys.executable, *flags, "-m", "narrated.cli", "--config", "narrated.yaml")
    env = {**os.environ, "COLUMNS": "200"}
    return subprocess.run(
        (*command, "config", "check"), capture_output=True, text=True, cwd=home, env=env
    )


def pulled(home: Path, repository: str, **files: int) -> Path:
    """Put a model there as a pull does, its files of so many bytes; gives its folder."""
    folder = home / "state/models" / repository
    folder.mkdir(parents=True)
    for name, size in files.items():
        (folder / f"{name}.json").write_bytes(b"{" + b" " * (size - 2) + b"}")
    locked = {f"{name}.json": {"size": size, "sha256": ""} for name, size in files.items()}
    model = {"commit": "0" * 40, "pulled": "2026-11-30T00:00:00Z", "files": locked}
    (home / "state/models/lock.json").write_text(json.dumps({repository: model}))
    return folder


def test_defaults_lack_nothing(tmp_path: Path) -> None:
    """The embedded engines need nothing more, and the check says no more than that."""
    checked = check(tmp_path)
    assert (checked.returncode, checked.stderr) == (0, "")
    assert checked.stdout == f"{tmp_path}/narrated.yaml can be used.\n"


def test_missing_model_is_told(tmp_path: Path) -> None:
    """A model that was never pulled is told with the command that pulls it, for each engine."""
    checked = check(tmp_path, speech={"engine": "bark"}, pictures={"captions": "florence-2"})
    assert checked.returncode == 1
    assert "The model suno/bark of bark is not pulled." in checked.stdout
    assert "narrated models pull bark\n" in checked.stdout
    assert "narrated models pull florence-2\n" in checked.stdout
    *_, verdict = checked.stdout.splitlines()
    assert verdict == f"{tmp_path}/narrated.yaml is valid, but 2 things are lacking: see above."
    assert "can be used" not in checked.stdout


def test_incomplete_model_is_told(tmp_path: Path) -> None:
    """A model of which a file was lost or cut short is told too."""
    (pulled(tmp_path, "suno/bark-small", config=20) / "config.json").write_text("{}")
    checked = check(tmp_path, speech={"engine": "bark-small"})
    assert checked.returncode == 1
    assert "The model suno/bark-small of bark-small is incomplete." in checked.stdout
    assert "narrated models pull bark-small\n" in checked.stdout


def test_missing_ears_are_told(tmp_path: Path) -> None:
    """A hearing model that is asked for, and missing, is told with the command that pulls it."""
    checked = check(tmp_path, takes={"check": "ears"})
    assert checked.returncode == 1
    assert "asks for a hearing model, and there is none" in checked.stdout
    assert "narrated models pull whisper-base" in checked.stdout
    named = check(tmp_path, takes={"hearing": "whisper-small"})
    assert named.returncode == 1
    assert "narrated models pull whisper-small\n" in named.stdout


def test_model_of_ones_own_is_told(tmp_path: Path) -> None:
    """A folder that is named as a model and holds none is told with the key that names it."""
    mine = {"mine": {"like": "bark", "options": {"model": str(tmp_path / "nothing")}}}
    checked = check(tmp_path, engines=mine)
    assert checked.returncode == 1
    assert f"There is no model in {tmp_path}/nothing" in checked.stdout
    assert "`engines: mine: options: model:`" in checked.stdout


def test_missing_packages_are_told(tmp_path: Path) -> None:
    """An interpreter without the packages is told with the command that installs them into it."""
    subprocess.run((sys.executable, "-m", "venv", "--without-pip", tmp_path / "bare"), check=True)
    python = str(tmp_path / "bare/bin/python")
    pulled(tmp_path, "suno/bark", config=20)
    engines = {"bark": {"python": python}, "tortoise": {"python": python}}
    checked = check(tmp_path, speech={"engine": "bark"}, engines=engines)
    assert checked.returncode == 1
    assert f"bark needs torch and transformers, which {python} does not have." in checked.stdout
    assert f"{python} -m pip install torch transformers" in checked.stdout
    assert f"narrated engines install tortoise --apart {tmp_path / 'bare'}" in checked.stdout


def test_missing_interpreter_is_told(tmp_path: Path) -> None:
    """An interpreter that is gone is told with the key that names it."""
    checked = check(tmp_path, engines={"espeak": {"python": str(tmp_path / "gone")}})
    assert checked.returncode == 1
    assert "cannot be run" in checked.stdout
    assert "`engines: espeak: python:`" in checked.stdout


def test_missing_module_is_told(tmp_path: Path) -> None:
    """An engine of the user's whose module is nowhere is told, and one that is there is not."""
    (tmp_path / "here.py").write_text("raise SystemExit('it is not to be imported')\n")
    engines = {"lost": {"module": "nowhere:load"}, "own": {"module": "here", "path": str(tmp_path)}}
    checked = check(tmp_path, engines=engines)
    assert checked.returncode == 1
    assert "lost needs nowhere, which" in checked.stdout
    assert "`engines: lost: path:`" in checked.stdout
    assert "engine own" not in checked.stdout


def test_missing_voice_is_told(tmp_path: Path) -> None:
    """A voice that its engine does not have is told, with near ones and the key."""
    quote = {"quote": {"engine": "bark", "voice": "anna"}}
    pulled(tmp_path, "suno/bark", config=20)
    checked = check(tmp_path, speech={"engine": "espeak", "voice": "en-bg", "speakers": quote})
    assert checked.returncode == 1
    assert "espeak has no voice 'en-bg'." in checked.stdout
    assert "en-gb" in checked.stdout
    assert "It is set in `speech: voice`." in checked.stdout
    assert "Bark has no voice 'anna'." in checked.stdout
    assert f"anna.npz into {tmp_path}/state/voices" in checked.stdout


def test_check_imports_no_torch(tmp_path: Path) -> None:
    """The check looks at files alone: it imports neither torch nor transformers."""
    pulled(tmp_path, "suno/bark", config=20)
    speech = {"engine": "bark", "voice": "v2/en_speaker_6"}
    checked = check(tmp_path, "-X", "importtime", speech=speech, engines={"tortoise": {}})
    imported = {line.rpartition("|")[2].strip() for line in checked.stderr.splitlines()}
    assert "narrated.engines.bark.voices" in imported
    assert not {"torch", "transformers"} & imported


def test_engine_of_a_folder_is_told(tmp_path: Path) -> None:
    """What the engine of a folder's settings lacks is told with that file; also an unknown one."""
    for name, engine in (("posts/a", "bark"), ("b", "nobody"), (".git", "bark-small")):
        (tmp_path / "inbox" / name).mkdir(parents=True)
        (tmp_path / "inbox" / name / ".narrated.yaml").write_text(f"engine: {engine}\n")
    (tmp_path / "inbox/.narrated.yaml").write_text("engine: [\n")
    checked = check(tmp_path)
    assert (checked.returncode, checked.stderr) == (1, "")
    assert "bark is not pulled. posts/a/.narrated.yaml of the inbox names it." in checked.stdout
    assert "narrated models pull bark\n" in checked.stdout
    assert "no engine named `nobody`. b/.narrated.yaml of the inbox names it." in checked.stdout
    assert "bark-small" not in checked.stdout.replace("Known: bark, bark-small", "")

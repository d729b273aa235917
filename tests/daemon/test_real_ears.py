"""Real ears in a real daemon: they listen as soon as their model is in the model folder."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from engines.hearing.real_models import whisper_tiny
from support.daemon import Daemon, wait

POST = "The first thing that broke was the clock.\n\nThe garden behind the office was quiet.\n"


@pytest.mark.timeout(240)
def test_pulled_ears_listen(tmp_path: Path, figure: Callable[[str], None]) -> None:
    """A Whisper that is pulled while the daemon runs hears what is spoken from then on."""
    folder = whisper_tiny()
    if folder is None:
        figure("not taken: the package of Whisper tiny is no longer to be had")
        return
    settings = {"speech": {"engine": "pico"}, "takes": {"check": "auto"}}
    with Daemon(tmp_path, models={"device": "cpu"}, **settings) as daemon:
        daemon.drop("clock.md", POST)
        assert daemon.published("clock", POST)["takes"]["heard"] == 0
        pulled = tmp_path / "state/models/Systran/faster-whisper-tiny"
        shutil.copytree(folder, pulled, ignore=shutil.ignore_patterns("*.pyc"))
        wait(lambda: "faster-whisper-tiny" in str(daemon.status()["workers"]), patience_s=60)
        edited = POST.replace("office", "kitchen")
        daemon.drop("clock.md", edited)
        takes = daemon.published("clock", edited)["takes"]
        assert (takes["heard"], takes["doubtful"]) == (1, 0)
        assert takes["hearing"].startswith("faster-whisper-tiny-")
        assert "heard by faster-whisper-tiny" in daemon.ask("takes", "clock.md", "--all").stdout
        assert daemon.ask("refresh", "clock.md", "--check").returncode == 0
        wait(lambda: daemon.manifest("clock")["takes"]["heard"] == takes["checked"] == 3)

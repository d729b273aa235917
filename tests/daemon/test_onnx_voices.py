"""Posts that Piper and Kokoro narrate through the daemon, from a missing voice to the sound."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from engines.checkpoints.kokoro import kokoro
from engines.hearing.real_models import piper_joe, whisper_tiny
from support.daemon import Daemon, wait

NAME = "en_US-joe-medium"
POST = """---
title: The morning of the clock
---

The first thing that broke was the clock. Nobody had told it what time it was.

<p lang="fr">C'est la vie, mon ami. Bonjour tout le monde.</p>

The old printer in the corner hummed like a bee in a glass jar.
"""
PATIENCE_S = 90.0


@pytest.mark.timeout(240)
def test_piper_narrates_a_post(tmp_path: Path, figure: Callable[[str], None]) -> None:
    """A post waits for its voice, with the pull in a note; it is spoken then, and understood."""
    joe, ears = piper_joe(), whisper_tiny()
    if joe is None or ears is None:
        figure("not taken: the packages of joe or of Whisper tiny are no longer to be had")
        return
    models = tmp_path / "state/models"
    heard = models / "Systran/faster-whisper-tiny"
    shutil.copytree(ears, heard, ignore=shutil.ignore_patterns("*.pyc"))
    settings = {"speech": {"engine": "piper", "voice": NAME}, "takes": {"check": "auto"}}
    patience = {"workers": {"again": "300ms"}, "models": {"device": "cpu"}}
    with Daemon(tmp_path, **settings, **patience) as daemon:
        daemon.drop("clock.md", POST)
        note = daemon.outbox / "clock.error.txt"
        wait(note.exists, lambda: daemon.log, PATIENCE_S)
        assert "narrated models pull en_US-" in note.read_text()
        assert f"narrated models pull {NAME}\n" in daemon.ask("config", "check").stdout
        copied = models / "piper" / f".{NAME}"
        copied.mkdir(parents=True)
        shutil.copy(joe, copied)
        shutil.copy(f"{joe}.json", copied)
        copied.rename(models / "piper" / NAME)
        manifest = daemon.manifest("clock", PATIENCE_S)
        wait(lambda: not note.exists(), lambda: daemon.log)  # it goes last
        assert manifest["takes"]["doubtful"] == 0 and manifest["takes"]["heard"] > 0
        doctor = daemon.ask("doctor").stdout
        assert "piper is loaded and answers" in doctor and f"piper has the voice {NAME}" in doctor
        listed = daemon.ask("voices", "list", "piper").stdout
        assert NAME in listed and "American" in listed


def test_kokoro_narrates_a_post(tmp_path: Path) -> None:
    """A post waits for the model, with the pull in a note; French words go to a French voice."""
    settings = {"speech": {"engine": "kokoro", "voice": "am_adam"}, "takes": {"check": "off"}}
    patience = {"workers": {"again": "300ms"}, "models": {"device": "cpu"}}
    with Daemon(tmp_path, **settings, **patience) as daemon:
        daemon.drop("clock.md", POST)
        note = daemon.outbox / "clock.error.txt"
        wait(note.exists, lambda: daemon.log, PATIENCE_S)
        assert "narrated models pull fastrtc/kokoro-onnx" in note.read_text()
        assert "narrated models pull kokoro\n" in daemon.ask("config", "check").stdout
        coming = kokoro(tmp_path / "state/models/fastrtc/.coming")
        coming.rename(coming.with_name("kokoro-onnx"))
        manifest = daemon.manifest("clock", PATIENCE_S)
        wait(lambda: not note.exists(), lambda: daemon.log)  # it goes last
        assert (manifest["engine"], manifest["voice"]) == ("kokoro", "am_adam")
        assert manifest["settings"]["speakers"]["fr"]["engine"] == "kokoro"
        doctor = daemon.ask("doctor").stdout
        assert "kokoro is loaded and answers" in doctor and "kokoro has the voice am_adam" in doctor
        listed = daemon.ask("voices", "list", "kokoro").stdout
        assert "bf_emma" in listed and "British" in listed and "jf_alpha" not in listed

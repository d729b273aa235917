"""From a dropped file to published sound with neural models: tiny ones, through real workers."""

import json
import signal
import wave
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from engines.checkpoints.bark import bark, prompt_arrays
from engines.checkpoints.captions import blip
from support.daemon import MODELS, Daemon, wait

POST = """---
title: My cat
---

Hello [laughs] world. The dog is cute.

![](red.png)

And more of the dog. ♪ la la ♪

![](blue.jpg)
"""
NOTE = "Hello world."
PATIENCE_S = 90.0
ENGINES = str(Path(__file__).parents[1] / "engines")


@pytest.fixture(scope="module")
def daemon(tmp_path_factory) -> Iterator[Daemon]:
    """A daemon with a folder of models as `narrated models pull` leaves it, with tiny ones."""
    home = tmp_path_factory.mktemp("daemon")
    bark(home / "models/suno/bark", max_new_tokens=32)
    blip(home / "models/Salesforce/blip-image-captioning-base")
    with Daemon(home, imports=MODELS, **settings()) as ready:
        yield ready


@pytest.fixture(scope="module")
def note_of_missing_model(tmp_path_factory) -> Iterator[tuple[Daemon, str]]:
    """A daemon whose model came late, and the note that stood beside its first text until then."""
    home = tmp_path_factory.mktemp("late")
    with Daemon(home, imports=MODELS, **settings(pictures={})) as late:
        late.drop("note.txt", NOTE)
        note = late.outbox / "note.error.txt"
        wait(note.exists, lambda: late.log, PATIENCE_S)
        text = note.read_text()
        bark(home / "models/suno/.coming", max_new_tokens=32)
        (home / "models/suno/.coming").rename(home / "models/suno/bark")
        manifest(late, "note")
        wait(lambda: not note.exists(), lambda: late.log)  # it goes last
        yield late, text


def settings(**changed) -> dict:
    return {
        "speech": {"engine": "bark", "voice": "v2/en_speaker_6"},
        "pictures": {"captions": "blip", "wait": "2s"},
        "engines": {},
        "models": {"folder": "models", "voices": "voices"},
        "workers": {"again": "300ms"},
        "audio": {"format": "wav"},
        "takes": {"check": "off"},  # chance weights say no text
        **changed,
    }


def manifest(daemon: Daemon, name: str) -> dict:
    path = daemon.outbox / f"{name}.json"
    wait(path.exists, lambda: daemon.log, PATIENCE_S)
    return json.loads(path.read_text())


def heard(path: Path) -> np.ndarray:
    with wave.open(str(path)) as sound:
        return np.frombuffer(sound.readframes(sound.getnframes()), np.int16)


def models_worker(daemon: Daemon) -> dict:
    return next(each for each in daemon.status()["workers"] if each["name"] == "models")


def test_bark_and_blip_narrate_post(daemon):
    """A post with two pictures is narrated by Bark with captions by BLIP."""
    Image.new("RGB", (300, 200), "red").save(daemon.inbox / "red.png")
    Image.new("RGB", (200, 300), "blue").save(daemon.inbox / "blue.jpg")
    daemon.drop("post.md", POST)
    told = manifest(daemon, "post")
    assert (told["engine"], told["voice"]) == ("bark", "v2/en_speaker_6")
    said = [block["text"] for block in told["blocks"]]
    assert "Hello [laughs] world. The dog is cute." in said
    assert "And more of the dog. ♪ la la ♪" in said
    assert sum(text.startswith("An image: ") for text in said) == 2
    sound = heard(daemon.outbox / "post.wav")
    assert len(sound) / 24_000 == pytest.approx(told["duration_s"], abs=0.2)
    assert told["duration_s"] > 3 and np.abs(sound.astype(float)).max() > 300
    models = {model["name"]: model for model in models_worker(daemon)["models"]}
    assert models["suno/bark"]["warmth"] == "warm"
    assert models["suno/bark"]["real_time_factor"] > 0
    assert models["Salesforce/blip-image-captioning-base"]["engines"] == ["blip"]


def test_missing_model_makes_files_wait(note_of_missing_model):
    """A missing model has its files wait, with the command, and go on by themselves."""
    late, note = note_of_missing_model
    assert "narrated models pull suno/bark" in note
    assert manifest(late, "note")["engine"] == "bark"


def test_same_post_sounds_the_same(daemon, note_of_missing_model):
    """The same post sounds the same again, from another daemon."""
    late, _ = note_of_missing_model
    daemon.drop("note.txt", NOTE)
    assert manifest(daemon, "note") and manifest(late, "note")
    sounds = [heard(each.outbox / "note.wav") for each in (daemon, late)]
    one, other = (sound.astype(int) for sound in sounds)
    assert len(one) == len(other) > 0
    # Its chunks come alone or together, as the machine has time: sums in single precision are
    # rounded by their batch, which moves a sample by one step before it is levelled.
    assert np.abs(one - other).max() <= 8


def test_late_voice_is_used(daemon, tmp_path):
    """A voice that is added later is taken up."""
    daemon.drop("late.md", f"---\nnarrated: {{voice: anna}}\n---\n{NOTE}")
    note = daemon.outbox / "late.error.txt"
    wait(note.exists, lambda: daemon.log, PATIENCE_S)
    assert "no voice 'anna'" in note.read_text()
    clone = tmp_path / "anna.npz"
    np.savez(clone, **prompt_arrays(7))
    assert daemon.ask("voices", "add", str(clone)).returncode == 0
    assert manifest(daemon, "late")["voice"] == "anna"
    assert "anna" in daemon.ask("voices", "list").stdout


def test_reload_keeps_models_warm(daemon):
    """A reload keeps the models warm."""
    daemon.drop("before.txt", NOTE)
    manifest(daemon, "before")
    before = models_worker(daemon)
    calm = {"calm": {"like": "bark", "options": {"temperature": 0.3}}}
    try:
        reload(daemon, speech={"engine": "calm", "voice": "v2/en_speaker_9"}, engines=calm)
        daemon.drop("after.txt", "Hello dog.")
        assert manifest(daemon, "after")["engine"] == "calm"
        after = models_worker(daemon)
        assert (after["pid"], after["restarts"]) == (before["pid"], 0)
        assert (daemon.home / "log").read_text().count("suno/bark is warm") == 1
    finally:
        reload(daemon)


def reload(daemon: Daemon, **changed) -> None:
    daemon.configure(**settings(**changed))
    since = len(daemon.statuses)
    daemon.signal(signal.SIGHUP)
    daemon.wait_told("READY=1", since)


def test_unloaded_models_come_back(daemon: Daemon) -> None:
    """`pause --unload` ends the worker with the models; afterwards they are read again."""
    manifest(daemon, _dropped(daemon, "before-pause"))
    paused = daemon.ask("pause", "--unload")
    assert paused.stdout.splitlines()[-1] == "the models are unloaded"
    status = daemon.status()
    assert [each["pid"] for each in status["workers"]] == [None] * len(status["workers"])
    later = _dropped(daemon, "in-pause")
    wait(
        lambda: any(each["path"] == f"{later}.txt" for each in daemon.status()["reading"]),
        lambda: f"{daemon.status()} {daemon.log}",
    )
    daemon.ask("resume")
    manifest(daemon, later)
    wait(lambda: _models_worker(daemon)["state"] == "ready", lambda: daemon.log)
    assert _models_worker(daemon)["restarts"] == 0
    wait(lambda: _models_worker(daemon)["models"], lambda: daemon.log)


def _models_worker(daemon: Daemon) -> dict[str, Any]:
    (worker,) = [each for each in daemon.status()["workers"] if each["name"] == "models"]
    return dict(worker)


def _dropped(daemon: Daemon, stem: str) -> str:
    daemon.drop(f"{stem}.txt", f"Hello world {stem}.")
    return stem


def test_new_precision_keeps_what_is_out(tmp_path: Path) -> None:
    """Where the precision by itself changes, what is out stays; an edit speaks all of it anew."""
    model = bark(tmp_path / "model", max_new_tokens=16)
    options = {"model": str(model), "amx": str(tmp_path / "amx")}
    own = {"module": "upgraded_bark", "path": ENGINES, "limit": 200, "options": options}
    speech = {"engine": "mine", "voice": "v2/en_speaker_6"}
    changed = {"engines": {"mine": own}, "speech": speech, "pictures": {}}
    daemon = Daemon(tmp_path, imports=MODELS, **settings(**changed))
    with daemon:
        daemon.drop("note.txt", "Hello world.\n\nThe dog is cute.\n")
        before = manifest(daemon, "note")
    sound = (daemon.outbox / "note.wav").read_bytes()
    takes = kept_takes(daemon)
    (tmp_path / "amx").touch()
    with daemon:
        daemon.drop("other.txt", "Hello cat.")
        manifest(daemon, "other")  # so the engine is back, in its new precision
        daemon.wait_idle()
        assert manifest(daemon, "note") == before
        assert (daemon.outbox / "note.wav").read_bytes() == sound
        assert len(kept_takes(daemon)) == len(takes) + 2  # the other's title and text
        daemon.drop("note.txt", "Hello world.\n\nThe cat is cute.\n")
        wait(lambda: manifest(daemon, "note") != before, lambda: daemon.log, PATIENCE_S)
        daemon.wait_idle()
        assert len(kept_takes(daemon)) == 2 * len(takes) + 2


def kept_takes(daemon: Daemon) -> set[Path]:
    return {*(daemon.home / "cache").rglob("*.flac")}

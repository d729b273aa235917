"""From a dropped file to published sound with neural models: tiny ones, through real workers."""

import json
import signal
import wave
from pathlib import Path

import av
import numpy as np
import pytest
from PIL import Image

from engines.checkpoints.bark import bark, prompt_arrays
from engines.checkpoints.captions import blip
from support.daemon import Daemon, wait

POST = """---
title: My cat
---

Hello [laughs] world. The dog is cute.

![](red.png)

And more of the dog. ♪ la la ♪

![](blue.jpg)
"""
NEURAL = {
    "speech": {"engine": "bark", "voice": "v2/en_speaker_6"},
    "pictures": {"captions": "blip", "wait": "2s"},
    "engines": {},
}
PATIENCE_S = 90.0


@pytest.fixture(scope="module")
def shelf(tmp_path_factory) -> Path:
    """A folder of models as `narrated models pull` leaves it, with tiny checkpoints in it."""
    folder = tmp_path_factory.mktemp("models")
    bark(folder / "suno/bark", max_new_tokens=32)
    blip(folder / "Salesforce/blip-image-captioning-base")
    return folder


def neural(home: Path, shelf: Path, **settings) -> Daemon:
    return Daemon(home, **{**NEURAL, "models": {"folder": str(shelf)}, **settings})


def drop_post(daemon: Daemon) -> None:
    Image.new("RGB", (300, 200), "red").save(daemon.inbox / "red.png")
    Image.new("RGB", (200, 300), "blue").save(daemon.inbox / "blue.jpg")
    (daemon.inbox / "post.md").write_text(POST)


def manifest(daemon: Daemon, name: str) -> dict:
    path = daemon.outbox / f"{name}.json"
    wait(path.exists, lambda: daemon.log, PATIENCE_S)
    return json.loads(path.read_text())


def heard(path: Path) -> np.ndarray:
    with av.open(str(path)) as container:
        return np.concatenate([frame.to_ndarray().ravel() for frame in container.decode(audio=0)])


def test_bark_and_blip_narrate_post(tmp_path, shelf):
    """A post with two pictures is narrated by Bark with captions by BLIP."""
    with neural(tmp_path, shelf) as daemon:
        drop_post(daemon)
        told = manifest(daemon, "post")
        assert (told["engine"], told["voice"]) == ("bark", "v2/en_speaker_6")
        said = [block["text"] for block in told["blocks"]]
        assert "Hello [laughs] world. The dog is cute." in said
        assert "And more of the dog. ♪ la la ♪" in said
        assert sum(text.startswith("An image: ") for text in said) == 2
        sound = heard(daemon.outbox / "post.mp3")
        assert len(sound) / 24_000 == pytest.approx(told["duration_s"], abs=0.2)
        assert told["duration_s"] > 3 and np.abs(sound).max() > 0.01
        (worker,) = (w for w in daemon.status()["workers"] if w["name"] == "models")
        models = {model["name"]: model for model in worker["models"]}
        assert models["suno/bark"]["warmth"] == "warm"
        assert models["suno/bark"]["real_time_factor"] > 0
        assert models["Salesforce/blip-image-captioning-base"]["engines"] == ["blip"]


def test_same_post_sounds_the_same(tmp_path, shelf):
    """The same post sounds the same again."""
    sounds = []
    for home in (tmp_path / "first", tmp_path / "second"):
        home.mkdir()
        with neural(home, shelf, audio={"format": "wav"}) as daemon:
            (daemon.inbox / "note.txt").write_text("Hello world.")
            manifest(daemon, "note")
            with wave.open(str(daemon.outbox / "note.wav")) as sound:
                sounds.append(sound.readframes(sound.getnframes()))
    assert sounds[0] == sounds[1]


def test_missing_model_makes_files_wait(tmp_path):
    """A missing model has its files wait with the command and go on by themselves."""
    models = tmp_path / "models"
    with neural(tmp_path, models, workers={"again": "300ms"}, pictures={}) as daemon:
        (daemon.inbox / "note.txt").write_text("Hello world.")
        note = daemon.outbox / "note.error.txt"
        wait(note.exists, lambda: daemon.log, PATIENCE_S)
        assert "narrated models pull suno/bark" in note.read_text()
        bark(models / "suno/.coming", max_new_tokens=32)
        (models / "suno/.coming").rename(models / "suno/bark")
        assert manifest(daemon, "note")["engine"] == "bark"
        wait(lambda: not note.exists(), lambda: daemon.log)  # it goes last


def test_late_voice_is_used(tmp_path, shelf):
    """A voice that is added later is taken up."""
    voices = tmp_path / "voices"
    settings = {"models": {"folder": str(shelf), "voices": str(voices)}}
    with neural(tmp_path, shelf, **settings, workers={"again": "300ms"}, pictures={}) as daemon:
        (daemon.inbox / "note.md").write_text("---\nvoice: anna\n---\nHello world.")
        note = daemon.outbox / "note.error.txt"
        wait(note.exists, lambda: daemon.log, PATIENCE_S)
        assert "no voice 'anna'" in note.read_text()
        clone = tmp_path / "anna.npz"
        np.savez(clone, **prompt_arrays(7))
        assert daemon.ask("voices", "add", str(clone)).returncode == 0
        assert manifest(daemon, "note")["voice"] == "anna"
        assert "anna" in daemon.ask("voices", "list").stdout


def test_reload_keeps_models_warm(tmp_path, shelf):
    """A reload keeps the models warm."""
    with neural(tmp_path, shelf) as daemon:
        (daemon.inbox / "note.txt").write_text("Hello world.")
        manifest(daemon, "note")
        before = models_worker(daemon)
        daemon.configure(
            **NEURAL
            | {
                "models": {"folder": str(shelf)},
                "speech": {"engine": "calm", "voice": "v2/en_speaker_9"},
                "engines": {"calm": {"like": "bark", "options": {"temperature": 0.3}}},
            }
        )
        since = len(daemon.statuses)
        daemon.signal(signal.SIGHUP)
        daemon.wait_told("READY=1", since)
        (daemon.inbox / "other.txt").write_text("Hello dog.")
        assert manifest(daemon, "other")["engine"] == "calm"
        after = models_worker(daemon)
        assert (after["pid"], after["restarts"]) == (before["pid"], 0)
        assert (tmp_path / "log").read_text().count("suno/bark is warm") == 1


def models_worker(daemon: Daemon) -> dict:
    return next(each for each in daemon.status()["workers"] if each["name"] == "models")

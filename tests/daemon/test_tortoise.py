"""From a dropped file to published sound with Tortoise, in voices made by dropping clips: a tiny
model, through a real worker, which all tests share."""

import json
import shutil
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import av
import numpy as np
import pytest
from PIL import Image

from engines.checkpoints.bark import bark
from engines.checkpoints.captions import blip
from engines.checkpoints.tortoise import tortoise
from engines.tortoise.recordings import recorded
from narrated.engines.tortoise.voices import SETTLE_S
from support.daemon import MODELS, Daemon, wait

QUICK = {
    "preset": "ultra_fast",
    "num_autoregressive_samples": 2,
    "diffusion_iterations": 3,
    "max_mel_tokens": 60,
}
QUOTE = {"quote": {"engine": "tortoise", "voice": "bert"}}
ONCE_AN_HOUR = {"again": "1h"}
CHECKPOINTS = ("Manmay/tortoise-tts", "suno/bark", "Salesforce/blip-image-captioning-base")
PATIENCE_S = 90.0


@pytest.fixture(scope="module")
def daemon(tmp_path_factory) -> Iterator[Daemon]:
    """A daemon with a folder of models as `narrated models pull` leaves it, with tiny ones."""
    home = tmp_path_factory.mktemp("daemon")
    tortoise(home / "models/Manmay/tortoise-tts", seed=3)
    bark(home / "models/suno/bark", max_new_tokens=24)
    blip(home / "models/Salesforce/blip-image-captioning-base")
    with Daemon(home, imports=MODELS, **settings()) as ready:
        yield ready


def settings(speakers=None, workers=None) -> dict:
    """Texts are spoken by Tortoise in the voice tom; Bark and BLIP are there, too."""
    return {
        "speech": {"engine": "tortoise", "voice": "tom", "speakers": speakers or {}},
        "models": {"folder": "models", "voices": "voices"},
        "engines": {"tortoise": {"options": QUICK}, "bark": {}},
        "workers": workers or {"again": "300ms"},
        "pictures": {"captions": "blip", "wait": "2s"},
        "takes": {"check": "off"},  # chance weights say no text
    }


@contextmanager
def reloaded(daemon: Daemon, **changed) -> Iterator[None]:
    """Other settings for a while, and then the defaults again; the models stay warm."""
    reload(daemon, **changed)
    try:
        yield
    finally:
        reload(daemon)


def reload(daemon: Daemon, **changed) -> None:
    daemon.configure(**settings(**changed))
    since = len(daemon.statuses)
    daemon.signal(signal.SIGHUP)
    daemon.wait_told("READY=1", since)


def in_voice(voice: str, text: str, engine: str = "tortoise") -> str:
    return f"---\nengine: {engine}\nvoice: {voice}\n---\n{text}\n"


def manifest(daemon: Daemon, name: str) -> dict:
    path = daemon.outbox / f"{name}.json"
    wait(path.exists, lambda: daemon.log, PATIENCE_S)
    return json.loads(path.read_text())


def heard(path: Path) -> np.ndarray:
    with av.open(str(path)) as container:
        return np.concatenate([frame.to_ndarray().ravel() for frame in container.decode(audio=0)])


def latents(daemon: Daemon) -> set[Path]:
    """The latents that were computed, one file for each content of a voice."""
    return set((daemon.home / "cache" / "latents").glob("*"))


def takes(daemon: Daemon) -> set[str]:
    """The chunks that were ever spoken."""
    return {take.name for take in (daemon.home / "cache").glob("??/*.flac")}


def listed(daemon: Daemon) -> list[str]:
    """The names of Tortoise's voices; none while it is still loaded."""
    told = daemon.ask("voices", "list", "--engine", "tortoise", "--json").stdout
    return [voice["name"] for voice in json.loads(told or "[]")]


def told(done) -> list[str]:
    """The lines of a command that succeeded."""
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


def test_dropped_clips_become_a_voice(daemon):
    """A folder of clips that is dropped becomes the voice of a post."""
    before = latents(daemon)
    daemon.drop("note.md", in_voice("anna", "The kettle is on. I am back at four."))
    note = daemon.outbox / "note.error.txt"
    wait(note.exists, lambda: daemon.log, PATIENCE_S)
    assert "no voice 'anna'" in note.read_text() and "three clips" in note.read_text()
    recorded(daemon.home / "aside", seed=1).rename(daemon.home / "voices/anna")
    entries = manifest(daemon, "note")
    assert (entries["engine"], entries["voice"]) == ("tortoise", "anna")
    sound = heard(daemon.outbox / "note.mp3")
    assert len(sound) / 24_000 == pytest.approx(entries["duration_s"], abs=0.2)
    assert entries["duration_s"] > 1 and np.abs(sound).max() > 0.01
    wait(lambda: not note.exists(), lambda: daemon.log, PATIENCE_S)
    assert len(latents(daemon) - before) == 1
    assert "anna" in listed(daemon)


def test_voice_added_and_auditioned(daemon, tmp_path):
    """A voice of clips is added, listed and auditioned beside another."""
    clips, output = recorded(tmp_path / "eve", seed=4, seconds=3.5), tmp_path / "audition"
    asked = ("audition", "eve", "tom", "--engine", "tortoise", "--text", "The kettle is on.")
    told(daemon.ask("voices", "add", str(clips)))
    wait(lambda: {"eve", "tom"} <= set(listed(daemon)), lambda: daemon.log, PATIENCE_S)
    lines = told(daemon.ask("voices", *asked, "--output", str(output)))
    files = [output / "eve.mp3", output / "tom.mp3"]
    sounds = [heard(file) for file in files]
    for line, file, sound in zip(lines, files, sounds, strict=True):
        path, seconds = line.removesuffix(" s").split(": ")
        assert path == str(file) and np.abs(sound).max() > 0.01
        assert len(sound) / 24_000 == pytest.approx(float(seconds), abs=0.2)
    assert sorted(output.iterdir()) == files
    assert not np.array_equal(*sounds)


def test_quotes_in_another_voice(daemon):
    """Quotes are said in another voice; once it is edited, its chunks alone are spoken again."""
    recorded(daemon.home / "voices/bert", seed=2)
    daemon.drop("post.md", "I said so.\n\n> Nobody had asked the cat.\n\nAnd went.\n")
    manifest(daemon, "post")
    in_one_voice, known = takes(daemon), latents(daemon)

    with reloaded(daemon, speakers=QUOTE):
        told(daemon.ask("refresh", "post.md"))
        wait(lambda: takes(daemon) - in_one_voice, lambda: daemon.log, PATIENCE_S)
        daemon.wait_idle()
        assert len(takes(daemon) - in_one_voice) == 1
        assert len(latents(daemon) - known) == 1
        plan = json.loads(daemon.ask("script", "--json", str(daemon.inbox / "post.md")).stdout)
        assert plan["speakers"]["quote"]["voice"] == "bert"

        before = takes(daemon)
        shutil.rmtree(daemon.home / "voices/bert")
        recorded(daemon.home / "aside", seed=3).rename(daemon.home / "voices/bert")

        def spoken_again():
            daemon.ask("refresh", "post.md")
            daemon.wait_idle()  # another refresh would supersede this one
            return takes(daemon) - before

        wait(spoken_again, lambda: daemon.log, PATIENCE_S)
        daemon.wait_idle()
        assert len(takes(daemon) - before) == 1
        assert len(latents(daemon) - known) == 2


def test_take_belongs_to_edited_voice(daemon):
    """A text said right after a voice was edited is kept as the new voice's.

    The workers' voices are listed again once an hour: the one that speaks notices the edit.
    """
    recorded(daemon.home / "voices/carl", seed=5)
    aside = recorded(daemon.home / "aside", seed=6)
    time.sleep(SETTLE_S)
    known = latents(daemon)
    with reloaded(daemon, workers=ONCE_AN_HOUR):
        daemon.drop("first.md", in_voice("carl", "I said so."))
        manifest(daemon, "first")
        shutil.rmtree(daemon.home / "voices/carl")
        aside.rename(daemon.home / "voices/carl")
        daemon.drop("other.md", in_voice("carl", "And went."))
        manifest(daemon, "other")
        assert len(latents(daemon) - known) == 2
    before = takes(daemon)
    daemon.stop()
    daemon.start()
    daemon.drop("again/other.md", in_voice("carl", "And went."))
    manifest(daemon, "again/other")
    assert takes(daemon) == before


def test_added_voice_speaks_at_once(daemon, tmp_path):
    """A voice is heard right after it was added."""
    known = latents(daemon)
    wait(lambda: listed(daemon), lambda: daemon.log, PATIENCE_S)
    with reloaded(daemon, workers=ONCE_AN_HOUR):
        told(daemon.ask("voices", "add", str(recorded(tmp_path / "dora", seed=7))))
        told(daemon.ask("voices", "audition", "dora", "-o", str(tmp_path / "heard")))
    assert (tmp_path / "heard/dora.mp3").exists() and len(latents(daemon) - known) == 1


def test_tortoise_beside_bark_and_blip(daemon):
    """A picture is captioned and told by Tortoise while Bark is warm too, each loaded once."""
    log = daemon.home / "log"
    wait(lambda: models_worker(daemon)["state"] == "ready", lambda: daemon.log, PATIENCE_S)
    first = models_worker(daemon)
    warm = {each["name"] for each in first["models"] if each["warmth"] == "warm"}
    before = {name: log.read_text().count(f"{name} is warm") for name in CHECKPOINTS}
    Image.new("RGB", (300, 200), "red").save(daemon.inbox / "red.png")
    text = "My cat sat there.\n\n![](red.png)\n\nAnd slept."
    daemon.drop("cat.md", text)
    entries = manifest(daemon, "cat")
    assert any(block["text"].startswith("An image: ") for block in entries["blocks"])
    assert (entries["engine"], entries["voice"]) == ("tortoise", "tom")
    daemon.drop("bark.md", in_voice("v2/en_speaker_6", "Hello world.", "bark"))
    assert manifest(daemon, "bark")["engine"] == "bark"
    worker = models_worker(daemon)
    assert {each["name"]: each["warmth"] for each in worker["models"]} == dict.fromkeys(
        CHECKPOINTS, "warm"
    )
    assert worker["restarts"] == first["restarts"]
    for name in CHECKPOINTS:
        loads = log.read_text().count(f"{name} is warm") - before[name]
        assert loads == (name not in warm), name


def models_worker(daemon: Daemon) -> dict:
    return next(each for each in daemon.status()["workers"] if each["name"] == "models")

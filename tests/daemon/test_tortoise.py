"""From a dropped file to published sound with Tortoise, in voices made by dropping clips: a tiny
model, through real workers."""

import json
import shutil
import time
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
from support.daemon import Daemon, wait

QUICK = {"preset": "ultra_fast", "num_autoregressive_samples": 2, "diffusion_iterations": 3}
POST = "I said so.\n\n> Nobody had asked the cat.\n\nAnd went.\n"
QUOTE = {"quote": {"engine": "tortoise", "voice": "bert"}}
PATIENCE_S = 90.0


@pytest.fixture(scope="module")
def shelf(tmp_path_factory) -> Path:
    """A folder of models as `narrated models pull` leaves it, with tiny checkpoints in it."""
    folder = tmp_path_factory.mktemp("models")
    tortoise(folder / "Manmay/tortoise-tts", seed=3)
    bark(folder / "suno/bark", max_new_tokens=24)
    blip(folder / "Salesforce/blip-image-captioning-base")
    return folder


def speaking(home: Path, shelf: Path, voice="anna", speakers=None, **settings) -> Daemon:
    """A daemon that speaks with Tortoise; its user's voices stand in `home`/voices."""
    told = {
        "speech": {"engine": "tortoise", "voice": voice, "speakers": speakers or {}},
        "models": {"folder": str(shelf), "voices": str(home / "voices")},
        "engines": {"tortoise": {"options": QUICK}},
        "workers": {"again": "300ms"},
        "pictures": {"wait": "2s"},
    }
    return Daemon(home, **{**told, **settings})


def manifest(daemon: Daemon, name: str) -> dict:
    path = daemon.outbox / f"{name}.json"
    wait(path.exists, lambda: daemon.log, PATIENCE_S)
    return json.loads(path.read_text())


def heard(path: Path) -> np.ndarray:
    with av.open(str(path)) as container:
        return np.concatenate([frame.to_ndarray().ravel() for frame in container.decode(audio=0)])


def kept(daemon: Daemon) -> list[Path]:
    """The latents that were computed, one file for each content of a voice."""
    return sorted((daemon.home / "cache" / "latents").glob("*"))


def test_dropped_clips_become_a_voice(tmp_path, shelf):
    """A folder of clips that is dropped becomes the voice of a post."""
    with speaking(tmp_path, shelf) as daemon:
        daemon.drop("note.txt", "The kettle is on. I am back at four.")
        note = daemon.outbox / "note.error.txt"
        wait(note.exists, lambda: daemon.log, PATIENCE_S)
        assert "no voice 'anna'" in note.read_text() and "three clips" in note.read_text()
        recorded(tmp_path / "aside", seed=1).rename(tmp_path / "voices" / "anna")
        told = manifest(daemon, "note")
        assert (told["engine"], told["voice"]) == ("tortoise", "anna")
        sound = heard(daemon.outbox / "note.mp3")
        assert len(sound) / 24_000 == pytest.approx(told["duration_s"], abs=0.2)
        assert told["duration_s"] > 1 and np.abs(sound).max() > 0.01
        wait(lambda: not note.exists(), lambda: daemon.log, PATIENCE_S)
        assert len(kept(daemon)) == 1
        assert "anna" in daemon.ask("voices", "list", "--engine", "tortoise").stdout


def test_voice_added_and_auditioned(tmp_path, shelf):
    """A voice of clips is added listed and auditioned beside another."""
    clips, output = recorded(tmp_path / "anna", seed=1, seconds=3.5), tmp_path / "audition"
    short = {"tortoise": {"options": {**QUICK, "max_mel_tokens": 40}}}
    asked = ("audition", "anna", "tom", "--engine", "tortoise", "--text", "The kettle is on.")
    daemon = speaking(tmp_path, shelf, voice="tom", engines=short)
    told(daemon.ask("voices", "add", str(clips)))
    with daemon:
        wait(lambda: {"  anna", "  tom"} <= set(listed(daemon)), lambda: daemon.log, PATIENCE_S)
        lines = told(daemon.ask("voices", *asked, "--output", str(output)))
    files = [output / "anna.mp3", output / "tom.mp3"]
    sounds = [heard(file) for file in files]
    for line, file, sound in zip(lines, files, sounds, strict=True):
        path, seconds = line.removesuffix(" s").split(": ")
        assert path == str(file) and np.abs(sound).max() > 0.01
        assert len(sound) / 24_000 == pytest.approx(float(seconds), abs=0.2)
    assert sorted(output.iterdir()) == files
    assert not np.array_equal(*sounds)


def listed(daemon: Daemon) -> list[str]:
    """The lines of Tortoise's voices; none while it is still loaded."""
    return daemon.ask("voices", "list", "--engine", "tortoise").stdout.splitlines()


def told(done) -> list[str]:
    """The lines of a command that succeeded."""
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


def test_quotes_in_another_voice(tmp_path, shelf):
    """Quotes are said in another voice."""
    recorded(tmp_path / "voices" / "anna", seed=1)
    recorded(tmp_path / "voices" / "bert", seed=2)
    with speaking(tmp_path, shelf) as daemon:
        daemon.drop("post.md", POST)
        manifest(daemon, "post")
        in_one_voice = takes(daemon)
        assert len(kept(daemon)) == 1
    with speaking(tmp_path, shelf, speakers=QUOTE) as daemon:
        daemon.ask("refresh", "post.md")
        wait(lambda: takes(daemon) - in_one_voice, lambda: daemon.log, PATIENCE_S)
        daemon.wait_idle()
        assert len(takes(daemon) - in_one_voice) == 1
        assert len(kept(daemon)) == 2
        plan = json.loads(daemon.ask("script", "--json", str(daemon.inbox / "post.md")).stdout)
        assert plan["speakers"]["quote"]["voice"] == "bert"


def test_voice_edit_respeaks_its_chunks(tmp_path, shelf):
    """After a voice is edited its chunks alone are spoken again."""
    recorded(tmp_path / "voices" / "anna", seed=1)
    recorded(tmp_path / "voices" / "bert", seed=2)
    with speaking(tmp_path, shelf, speakers=QUOTE) as daemon:
        daemon.drop("post.md", POST)
        manifest(daemon, "post")
        before = takes(daemon)
        shutil.rmtree(tmp_path / "voices" / "bert")
        recorded(tmp_path / "aside", seed=3).rename(tmp_path / "voices" / "bert")

        def spoken_anew():
            daemon.ask("refresh", "post.md")
            return takes(daemon) - before

        wait(spoken_anew, lambda: daemon.log, PATIENCE_S)
        daemon.wait_idle()
        assert len(takes(daemon) - before) == 1
        assert len(kept(daemon)) == 3


def test_take_belongs_to_edited_voice(tmp_path, shelf):
    """What is said right after a voice was edited is kept as the new voice's.

    The workers' voices are looked at anew once in an hour: who speaks notices it.
    """
    recorded(tmp_path / "voices" / "anna", seed=1)
    aside = recorded(tmp_path / "aside", seed=3)
    time.sleep(SETTLE_S)
    with speaking(tmp_path, shelf, workers={"again": "1h"}) as daemon:
        daemon.drop("post.md", "I said so.")
        manifest(daemon, "post")
        shutil.rmtree(tmp_path / "voices" / "anna")
        aside.rename(tmp_path / "voices" / "anna")
        daemon.drop("other.md", "And went.")
        manifest(daemon, "other")
        assert len(kept(daemon)) == 2
        before = takes(daemon)
    with speaking(tmp_path, shelf) as daemon:
        (daemon.inbox / "again").mkdir()
        daemon.drop("again/other.md", "And went.")
        manifest(daemon, "again/other")
        assert takes(daemon) == before


def test_added_voice_speaks_at_once(tmp_path, shelf):
    """A voice is heard right after it was added."""
    recorded(tmp_path / "anna", seed=1)
    with speaking(tmp_path, shelf, voice="", workers={"again": "1h"}) as daemon:
        daemon.wait_idle()
        assert daemon.ask("voices", "add", str(tmp_path / "anna")).returncode == 0
        heard = daemon.ask("voices", "audition", "anna", "-o", str(tmp_path / "heard"))
        assert heard.returncode == 0, heard.stderr
        assert (tmp_path / "heard/anna.mp3").exists() and len(kept(daemon)) == 1


def test_tortoise_beside_bark_and_blip(tmp_path, shelf):
    """A picture is captioned and told in an own voice while Bark is warm too."""
    recorded(tmp_path / "voices" / "anna", seed=1)
    with speaking(
        tmp_path,
        shelf,
        pictures={"captions": "blip", "wait": "2s"},
        engines={"tortoise": {"options": QUICK}, "bark": {}},
    ) as daemon:
        Image.new("RGB", (300, 200), "red").save(daemon.inbox / "red.png")
        daemon.drop("post.md", "My cat sat there.\n\n![](red.png)\n\nAnd slept.\n")
        told = manifest(daemon, "post")
        assert any(block["text"].startswith("An image: ") for block in told["blocks"])
        assert (told["engine"], told["voice"]) == ("tortoise", "anna")
        daemon.drop("other.md", "---\nengine: bark\nvoice: v2/en_speaker_6\n---\nHello world.\n")
        assert manifest(daemon, "other")["engine"] == "bark"
        (worker,) = (w for w in daemon.status()["workers"] if w["name"] == "models")
        assert {model["name"]: model["warmth"] for model in worker["models"]} == {
            "Manmay/tortoise-tts": "warm",
            "suno/bark": "warm",
            "Salesforce/blip-image-captioning-base": "warm",
        }
        assert worker["restarts"] == 0
        for name in ("Manmay/tortoise-tts", "suno/bark", "Salesforce/blip-image-captioning-base"):
            assert (tmp_path / "log").read_text().count(f"{name} is warm") == 1


def takes(daemon: Daemon) -> set[str]:
    """The chunks that were ever spoken."""
    return {take.name for take in (daemon.home / "cache").glob("??/*.flac")}

"""Intro and outro of posts: a sound file, or a sentence of the script."""

import io
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
from PIL import Image

from support.daemon import Daemon, running, toy, wait
from support.ebur128 import level_of
from support.sound import ebur128

__all__ = ["ebur128"]

RATE = 22050
PITCH_HZ = 3000
"""Higher than all that the toy says."""
TEXT = "# Heard\n\nSome words of a post that begins and ends with something.\n\n## Part\n\nMore.\n"
NOISELESS = {"loudness": False, "format": "wav"}


def _jingle(
    path: Path, seconds: float = 1.5, pitch_hz: float = PITCH_HZ, amplitude: float = 0.4
) -> Path:
    times = np.arange(round(seconds * RATE)) / RATE
    soundfile.write(path, amplitude * np.sin(2 * np.pi * pitch_hz * times), RATE)
    return path


def _jingles_s(daemon: Daemon, stem: str, pitch_hz: float = PITCH_HZ) -> list[tuple[float, float]]:
    """Start and end of each jingle of this pitch in a narration."""
    wave, rate = soundfile.read(daemon.outbox / f"{stem}.wav")
    size = rate // 20
    frames = wave[: len(wave) // size * size].reshape(-1, size)
    spectrum = np.abs(np.fft.rfft(frames))
    power = np.square(spectrum)
    around = round(pitch_hz * size / rate)
    share = power[:, around - 2 : around + 3].sum(1) / np.maximum(power.sum(1), 1e-3)
    is_heard = np.flatnonzero(share > 0.8)
    ends = np.flatnonzero(np.diff(is_heard) > 1)
    spans = zip(is_heard[[0, *(ends + 1)]], is_heard[[*ends, -1]], strict=True)
    return [(float(start) / 20, float(end + 1) / 20) for start, end in spans]


def _reload(daemon: Daemon, **audio: Any) -> None:
    daemon.configure(audio={**NOISELESS, **audio})
    reloaded = daemon.ask("reload")
    assert reloaded.returncode == 0, reloaded.stderr


def test_sound_file_is_heard_around(tmp_path: Path) -> None:
    """A sound file is heard before and after a post; all times come after it."""
    _jingle(tmp_path / "jingle.wav")
    around = {"intro": "jingle.wav", "outro": "jingle.wav"}
    with running(tmp_path, audio=NOISELESS | around) as daemon:
        daemon.drop("post.md", TEXT)
        made = daemon.published("post", TEXT)
        first, last = _jingles_s(daemon, "post")
        cues = (daemon.outbox / "post.vtt").read_text()
    first_s, last_s = made["blocks"][0]["start_s"], made["blocks"][-1]["end_s"]
    # The tone is looked for in steps of 50 ms.
    assert first == pytest.approx((0.25, 1.75), abs=0.06)
    assert first_s == pytest.approx(0.25 + 1.5 + 0.5, abs=0.001)
    assert last_s < last[0] and last[1] == pytest.approx(made["duration_s"], abs=0.11)
    assert [each["start_s"] for each in made["chapters"]] == [0.0, made["blocks"][2]["start_s"]]
    assert cues.split("\n")[2].startswith("00:00:02.25")
    assert str(tmp_path) not in str(made["settings"])


@pytest.mark.usefixtures("ebur128")
def test_sound_file_is_as_loud_as_speech(tmp_path: Path) -> None:
    """A faint sound file is brought to the loudness of the post."""
    _jingle(tmp_path / "jingle.wav", seconds=4.0, amplitude=0.004)
    with running(tmp_path, audio={"format": "wav", "intro": "jingle.wav"}) as daemon:
        daemon.drop("post.md", TEXT)
        daemon.published("post", TEXT)
        wave, rate = soundfile.read(daemon.outbox / "post.wav", dtype="float32")
    jingle = level_of(wave[round(0.25 * rate) : round(4.25 * rate)], rate)
    assert jingle.integrated_lufs == pytest.approx(-16.0, abs=0.5)
    assert jingle.true_peak_db <= -1.0


def test_sentence_is_a_line(tmp_path: Path) -> None:
    """A sentence is the first and the last line, of the post's own language, for posts alone."""
    around = {"intro": "This is 1 of my posts.", "outro": "Thank you."}
    picture = io.BytesIO()
    Image.new("RGB", (64, 48), "teal").save(picture, "PNG")
    with running(tmp_path, audio=around, pictures={"wait": "0s"}) as daemon:
        daemon.drop("alone.png", picture.getvalue())
        daemon.drop("post.md", TEXT)
        made = daemon.published("post", TEXT)
        alone = daemon.manifest("alone")
        shown = daemon.ask("script", str(daemon.inbox / "post.md")).stdout
        said = daemon.ask("read", str(daemon.inbox / "post.md"), "-o", str(tmp_path / "it.wav"))
    blocks = [(each["block"], each["role"], each["text"]) for each in made["blocks"]]
    assert blocks[0] == (-1, "notice", "This is one of my posts.")
    assert blocks[-1] == (-1, "notice", "Thank you.")
    assert "This is one of my posts." in shown and "Thank you." in shown
    assert [each["role"] for each in alone["blocks"]] == ["picture"]
    assert said.returncode == 0
    assert daemon.spoken.count("Thank you.") == 1  # `read` reads the text alone


def test_refresh_brings_changed_file(tmp_path: Path) -> None:
    """Another content of the file is heard after a refresh; nothing is spoken for it."""
    jingle = _jingle(tmp_path / "jingle.wav")
    with running(tmp_path, audio={**NOISELESS, "intro": "jingle.wav"}) as daemon:
        daemon.drop("post.md", TEXT)
        daemon.published("post", TEXT)
        before = len(daemon.spoken)
        sound = (daemon.outbox / "post.wav").stat().st_ino
        daemon.ask("refresh", "post.md")
        wait(lambda: daemon.history("post.md") == ["superseded", "done"], lambda: daemon.log)
        assert (daemon.outbox / "post.wav").stat().st_ino == sound  # carried over
        _jingle(jingle, seconds=1.0, pitch_hz=5000)
        daemon.ask("refresh", "post.md")
        wait(lambda: daemon.history("post.md")[2:] == ["done"], lambda: daemon.log)
        ((start_s, end_s),) = _jingles_s(daemon, "post", 5000)
        assert end_s - start_s == pytest.approx(1.0, abs=0.06)
        assert len(daemon.spoken) == before


def test_open_post_gets_changed_file(tmp_path: Path) -> None:
    """If the file changed while the daemon was stopped, a post that it had begun gets the new."""
    jingle, held = _jingle(tmp_path / "jingle.wav"), tmp_path / "held"
    held.touch()
    settings = {"audio": {**NOISELESS, "intro": "jingle.wav"}, **toy(tmp_path, held=str(held))}
    with running(tmp_path, **settings) as daemon:
        daemon.drop("post.md", TEXT)
        wait(lambda: daemon.history("post.md") == ["speaking"], lambda: daemon.log)
        daemon.stop()
        _jingle(jingle, seconds=1.0, pitch_hz=5000)
        held.unlink()
        daemon.start()
        daemon.published("post", TEXT)
        ((start_s, end_s),) = _jingles_s(daemon, "post", 5000)
        assert end_s - start_s == pytest.approx(1.0, abs=0.06)


def test_missing_file_delays_posts(tmp_path: Path) -> None:
    """A post waits for a missing file with a note, and goes on once it is there."""
    with running(tmp_path, audio={**NOISELESS, "outro": "jingle.wav"}) as daemon:
        problem = f"`audio: outro`: {tmp_path / 'jingle.wav'} is missing."
        wait(lambda: problem in daemon.log, lambda: daemon.log)  # before there is a post
        daemon.drop("post.md", TEXT)
        assert problem in daemon.note("post")
        wait(lambda: problem in str(daemon.status()["notices"]), lambda: str(daemon.status()))
        _jingle(tmp_path / "jingle.wav")
        daemon.published("post", TEXT)
        assert len(_jingles_s(daemon, "post")) == 1
        assert not (daemon.outbox / "post.error.txt").exists()


def test_bad_file_is_refused_early(tmp_path: Path) -> None:
    """`config check` and a reload name a file that is no sound; the old configuration stays."""
    with running(tmp_path, audio=NOISELESS) as daemon:
        (tmp_path / "broken.mp3").write_text("This is no sound.")
        daemon.configure(audio={"intro": "broken.mp3"})
        problem = f"`audio: intro`: {tmp_path / 'broken.mp3'} is no sound that can be decoded."
        checked, reloaded = daemon.ask("config", "check"), daemon.ask("reload")
        assert checked.returncode == 1 and problem in checked.stdout
        assert reloaded.returncode != 0 and problem in reloaded.stderr
        daemon.drop("post.md", TEXT)
        daemon.published("post", TEXT)

"""The loudness of narrations from the real program, by libebur128 on what a player decodes."""

import json
import os
import re
import signal
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile

from support.daemon import Daemon, running, toy, wait
from support.ebur128 import HeardLevel, heard_level
from support.sound import ebur128

__all__ = ["ebur128"]
pytestmark = pytest.mark.usefixtures("ebur128")

SPEECH = {"engine": "espeak", "voice": "en-gb"}
POST = """# The lighthouse

The keeper climbed the stairs each evening, and counted them aloud as he went up.

There were ninety-three; the lamp stood at the top, behind thick panes of glass.

## The storm

On the night of the storm he counted ninety-four, and never told anybody of it!
"""
BOOK = "# A book\n\n" + "\n\n".join(f"Paragraph {n} of a SLOW:0.1 book." for n in range(40))
TOLERANCE_LU = 0.5
"""The promise of the encoded file."""


def _toys(home: Path, **amplitudes: int) -> dict[str, Any]:
    """The toy and others like it, which speak at these amplitudes."""
    settings = toy(home, seconds_a_character=0.06, amplitude=amplitudes["toy"])
    options = settings["engines"]["toy"]["options"]
    for name, amplitude in amplitudes.items():
        module = {**settings["engines"]["toy"], "options": {**options, "amplitude": amplitude}}
        settings["engines"][name] = module
    return settings


def _level(daemon: Daemon, name: str) -> HeardLevel:
    return heard_level(daemon.outbox / name)


def _reload(daemon: Daemon, **settings: Any) -> None:
    daemon.configure(**settings)
    assert daemon.ask("reload").returncode == 0


@pytest.mark.parametrize(
    ("format", "channels"), [("mp3", "mono"), ("opus", "mono"), ("m4a", "stereo"), ("wav", "mono")]
)
def test_file_is_at_its_loudness(tmp_path: Path, format: str, channels: str) -> None:
    """Speech comes out at -16 LUFS as it is heard, and its true peaks stay below -1 dBTP."""
    audio = {"format": format, "channels": channels}
    daemon = Daemon(tmp_path, speech=SPEECH, audio=audio)
    daemon.drop("post.md", POST)
    assert daemon.ask("once", "--quiet").returncode == 0
    level = _level(daemon, f"post.{format}")
    assert level.channels == {"mono": 1, "stereo": 2}[channels]
    assert level.integrated_lufs == pytest.approx(-16, abs=TOLERANCE_LU)
    assert level.true_peak_db <= -1


def test_quotation_is_at_the_texts_level(tmp_path: Path) -> None:
    """A quotation in a voice that speaks 24 dB louder is heard as loud as the text."""
    settings = _toys(tmp_path, toy=1000, shouter=16000)
    settings["speech"]["speakers"] = {"quote": {"engine": "shouter", "voice": "toy"}}
    text = "The text has a calm voice.\n\n> The quotation is shouted.\n\nThe text ends.\n"
    with running(tmp_path, audio={"format": "wav"}, **settings) as daemon:
        daemon.drop("post.md", text)
        blocks = daemon.published("post", text)["blocks"]
        wave, rate = soundfile.read(daemon.outbox / "post.wav")
    spans = [wave[int(each["start_s"] * rate) : int(each["end_s"] * rate)] for each in blocks]
    assert len(spans) > 3  # the title and the announcement are the narrator's
    levels_db = [20 * np.log10(np.percentile(np.abs(span), 90)) for span in spans]
    # The calm voice's is the mean of takes of several lengths, whose ends are faded.
    assert max(levels_db) - min(levels_db) < 1.5, levels_db
    assert heard_level(daemon.outbox / "post.wav").integrated_lufs == pytest.approx(-16, abs=0.5)


def test_wrong_prediction_encodes_again(tmp_path: Path) -> None:
    """If the rest of a post is softer than its beginning, it is encoded again; once, and told."""
    more = "of a post that goes on and on like this for some minutes, and is read to its end."
    loud = [f"Part {n} is a beginning {more}" for n in range(24)]
    soft = [f"Part {n} is a SLOW:0.2 WHISPER {more}" for n in range(30)]
    text = "\n\n".join([*loud, *soft])
    with running(tmp_path, audio={"format": "flac"}, **_toys(tmp_path, toy=2000)) as daemon:
        daemon.drop("post.md", text)
        daemon.published("post", text)
        level, log, spoken = _level(daemon, "post.flac"), daemon.log, daemon.spoken
    assert level.integrated_lufs == pytest.approx(-16, abs=TOLERANCE_LU)
    told = re.findall(r"post\.md is encoded again: it came out at (-[\d.]+) LUFS", log)
    assert len(told) == 1 and float(told[0]) < -17, log
    assert len(spoken) == len(set(spoken)) == 55  # with the title


def test_voice_is_known_by_its_takes(tmp_path: Path) -> None:
    """A voice of earlier posts is known: the next is not encoded again, however it begins."""
    settings = _toys(tmp_path, toy=2000)
    with running(tmp_path, audio={"format": "flac"}, **settings) as daemon:
        for name, title in (("first", "First"), ("next", "A WHISPER")):
            parts = [f"Part {n} of the {name} is a SLOW:0.3 text." for n in range(12)]
            text = "\n\n".join([f"# {title}", *parts])
            daemon.drop(f"{name}.md", text)
            daemon.published(name, text)
        log, level = daemon.log, _level(daemon, "next.flac")
    assert "next.md is encoded again" not in log
    assert level.integrated_lufs == pytest.approx(-16, abs=TOLERANCE_LU)


def test_refresh_levels_without_speech(tmp_path: Path) -> None:
    """Another loudness leaves what is published; a refresh brings it, and speaks nothing."""
    settings = _toys(tmp_path, toy=2000)
    with running(tmp_path, audio={"format": "wav"}, **settings) as daemon:
        daemon.drop("post.md", POST)
        daemon.published("post", POST)
        before = (daemon.outbox / "post.wav").read_bytes()
        spoken = daemon.spoken
        _reload(daemon, audio={"format": "wav", "loudness": -20}, **settings)
        (daemon.inbox / "post.md").touch()
        daemon.wait_idle()
        assert (daemon.outbox / "post.wav").read_bytes() == before
        assert daemon.ask("refresh", "post.md").returncode == 0
        wait(lambda: daemon.history("post.md") == ["superseded", "done"], lambda: daemon.log)
        level = _level(daemon, "post.wav")
        assert level.integrated_lufs == pytest.approx(-20, abs=TOLERANCE_LU)
        _reload(daemon, audio={"format": "wav", "loudness": False}, **settings)
        assert daemon.ask("refresh", "post.md").returncode == 0
        wait(lambda: len(daemon.history("post.md")) == 3, lambda: daemon.log)
        daemon.wait_idle()
        wave = soundfile.read(daemon.outbox / "post.wav", dtype="int16")[0]
        assert daemon.spoken == spoken
    assert np.abs(np.median(wave[wave > 1000])) < 2000


@pytest.mark.faults
@pytest.mark.parametrize("killed", ["daemon", "encoder"])
def test_kill_midway_keeps_the_level(tmp_path: Path, killed: str) -> None:
    """A narration whose daemon or encoder is killed half-way ends at its loudness, once."""
    settings = _toys(tmp_path, toy=2000)
    with running(tmp_path, audio={"format": "flac"}, **settings) as daemon:
        daemon.drop("book.md", BOOK)
        wait(lambda: len(daemon.spoken) > 15, lambda: daemon.log)
        assert daemon.process is not None
        if killed == "daemon":
            daemon.kill()
            daemon.start()
        else:
            for pid in _encoders(daemon.process.pid):
                os.kill(pid, signal.SIGKILL)
        daemon.published("book", BOOK)
        level = _level(daemon, "book.flac")
        assert daemon.history("book.md") == ["done"]
        if killed == "encoder":
            assert len(daemon.spoken) == len(set(daemon.spoken))
    assert level.integrated_lufs == pytest.approx(-16, abs=TOLERANCE_LU)


def test_silent_voice_stays_silent(tmp_path: Path) -> None:
    """A voice that is silent is not raised, and its narration is published as it is."""
    with running(tmp_path, audio={"format": "wav"}, **_toys(tmp_path, toy=0)) as daemon:
        daemon.drop("post.md", POST)
        daemon.published("post", POST)
        log = daemon.log
        manifest = json.loads((daemon.outbox / "post.json").read_text())
    assert "encoded again" not in log
    assert manifest["duration_s"] > 1


def test_read_is_at_the_same_level(tmp_path: Path) -> None:
    """A file that `narrated read` writes is as loud as one of the daemon's."""
    daemon = Daemon(tmp_path, **_toys(tmp_path, toy=1000))
    post = daemon.home / "post.md"
    post.write_text(POST)
    out = daemon.home / "read.mp3"
    told = daemon.ask("read", str(post), "-o", str(out), "--quiet")
    assert told.returncode == 0, told.stderr
    level = heard_level(out)
    assert level.integrated_lufs == pytest.approx(-16, abs=TOLERANCE_LU)
    assert level.true_peak_db <= -1


def _encoders(daemon: int) -> list[int]:
    children = [
        int(pid)
        for task in Path(f"/proc/{daemon}/task").iterdir()
        for pid in (task / "children").read_text().split()
    ]
    return [
        pid for pid in children if "encoder_process" in Path(f"/proc/{pid}/cmdline").read_text()
    ]

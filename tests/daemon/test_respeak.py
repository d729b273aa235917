"""Another take, of a post or of one line: in the settings that its narration was made with."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy
import pytest
import soundfile

from narrated.engines.engine_info import EngineInfo
from support.daemon import Daemon, running, toy, wait

POST = "# Heard\n\nThe first line.\n\nThe second line.\n"
ESPEAK = {"speech": {"engine": "espeak", "voice": "en-us"}}
TWO_VOICES = {
    "speech": {
        "engine": "toy",
        "voice": "toy",
        "speakers": {"quote": {"engine": "espeak", "voice": "en-gb"}},
    }
}


def _lines(daemon: Daemon, stem: str) -> dict[str, str]:
    """Each line of a narration, with a time in its middle."""
    blocks = daemon.manifest(stem)["blocks"]
    return {block["text"]: f"{(block['start_s'] + block['end_s']) / 2:.3f}" for block in blocks}


def _narrate(daemon: Daemon, stem: str) -> int:
    """Have a post of its own words narrated; returns how many texts the toy has spoken by then."""
    text = f"# {stem}\n\nThe first {stem}.\n\nThe second {stem}.\n"
    daemon.drop(f"{stem}.md", text)
    daemon.published(stem, text)
    return len(daemon.spoken)


def _workers(daemon: Daemon) -> set[int]:
    """The processes of the workers; a worker that has yet to announce itself has none."""
    workers = daemon.status()["workers"]
    return {each["pid"] if each["state"] == "ready" else 0 for each in workers}


def _reload(daemon: Daemon, **settings: Any) -> None:
    daemon.configure(**settings)
    assert daemon.ask("reload").returncode == 0


@pytest.fixture
def daemon(daemon: Daemon) -> Iterator[Daemon]:
    """The module's daemon, with its configuration as it was before each test."""
    yield daemon
    _reload(daemon)


def test_line_keeps_narrations_settings(daemon: Daemon, tmp_path: Path) -> None:
    """One line is spoken again as it was narrated, though everything was configured otherwise."""
    before = _narrate(daemon, "kept")
    told = daemon.manifest("kept")
    lexicon = tmp_path / "lexicon.yaml"
    lexicon.write_text("words: {line: route}\n")
    second = {"second": {**toy(daemon.home)["engines"]["toy"]}}
    speech = {"engine": "second", "voice": "other"}
    engines = {**toy(daemon.home)["engines"], **second}
    _reload(
        daemon,
        speech=speech,
        engines=engines,
        audio={"format": "opus"},
        reading={"lexicon": str(lexicon)},
    )
    at = _lines(daemon, "kept")["The second kept."]
    assert daemon.ask("respeak", "kept.md", "--at", at).stdout == "kept.md is spoken again\n"
    wait(lambda: daemon.history("kept.md") == ["superseded", "done"])
    assert daemon.spoken[before:] == ["The second kept."]
    now = daemon.manifest("kept")
    assert [now[key] for key in ("engine", "voice", "settings")] == [
        told[key] for key in ("engine", "voice", "settings")
    ]
    assert {"kept.mp3", "kept.vtt"} < daemon.files
    assert not any(name.startswith("kept.opus") for name in daemon.files)


def test_whole_post_keeps_settings(daemon: Daemon) -> None:
    """Another take of a whole post is in the narration's settings too; `refresh` takes today's."""
    before = _narrate(daemon, "whole")
    _reload(daemon, speech={"engine": "toy", "voice": "other"})
    assert daemon.ask("respeak", "whole.md").returncode == 0
    wait(lambda: daemon.history("whole.md") == ["superseded", "done"])
    assert len(daemon.spoken) == before + 3
    assert daemon.manifest("whole")["voice"] == "toy"
    daemon.ask("refresh", "whole.md")
    wait(lambda: daemon.manifest("whole")["voice"] == "other")


def test_two_lines_in_a_row_add_up(daemon: Daemon) -> None:
    """A second line may be asked for at once: both get their other take, and nothing else does."""
    before = _narrate(daemon, "row")
    lines = _lines(daemon, "row")
    for text in ("The first row.", "The second row."):
        assert daemon.ask("respeak", "row.md", "--at", lines[text]).returncode == 0
    wait(lambda: daemon.history("row.md")[-1] == "done")
    assert sorted(daemon.spoken[before:]) == ["The first row.", "The second row."]


def test_twin_of_a_line_stays(daemon: Daemon) -> None:
    """Of two lines of the same words, only the one that is heard at the time sounds otherwise.

    As spoken: the level of the whole follows the new take by a part of an LU.
    """
    _reload(daemon, audio={"format": "wav", "loudness": False})
    text = "# Twins\n\nThe refrain.\n\nSomething else.\n\nThe refrain.\n"
    daemon.drop("twins.md", text)
    daemon.published("twins", text)
    before = _samples(daemon, "twins")
    twin = daemon.manifest("twins")["blocks"][3]
    assert daemon.ask("respeak", "twins.md", "--at", f"{twin['start_s'] + 0.05}").returncode == 0
    wait(lambda: daemon.history("twins.md") == ["superseded", "done"])
    changed_s = numpy.flatnonzero(before != _samples(daemon, "twins")) / 22_050
    assert len(changed_s) > 0
    assert twin["start_s"] - 0.05 <= changed_s.min() <= changed_s.max() <= twin["end_s"] + 0.05


def _samples(daemon: Daemon, stem: str) -> numpy.ndarray:
    return soundfile.read(daemon.outbox / f"{stem}.wav", dtype="int16")[0]


def test_changed_source_is_told(daemon: Daemon) -> None:
    """If the source changed meanwhile, respeak says so, and queues nothing."""
    _narrate(daemon, "changed")
    at = _lines(daemon, "changed")["The first changed."]
    daemon.drop("changed.md", "This will FAIL.\n")
    daemon.note("changed")
    states = daemon.history("changed.md")
    refused = daemon.ask("respeak", "changed.md", "--at", at)
    assert refused.returncode == 1
    assert "changed.md has changed since it was narrated." in refused.stderr
    assert "Its new version failed: The toy fails on demand. Take FAIL out." in refused.stderr
    assert daemon.history("changed.md") == states


def test_changed_engine_is_told(daemon: Daemon) -> None:
    """If the engine is another by now, respeak says so, and names refresh."""
    _narrate(daemon, "engine")
    at = _lines(daemon, "engine")["The first engine."]
    before = _workers(daemon)
    _reload(daemon, **toy(daemon.home, seconds_a_character=0.004))
    wait(lambda: not _workers(daemon) & {*before, 0})
    refused = daemon.ask("respeak", "engine.md", "--at", at)
    assert refused.returncode == 1
    assert "engine.md cannot be spoken again as it was narrated" in refused.stderr
    assert "`narrated refresh engine.md`" in refused.stderr
    assert daemon.history("engine.md") == ["done"]


def test_missing_engine_is_told(daemon: Daemon) -> None:
    """If the engine is gone, respeak says so, and where to add it."""
    _narrate(daemon, "gone")
    at, states = _lines(daemon, "gone")["The first gone."], daemon.history("gone.md")
    _reload(daemon, **ESPEAK, engines={})
    refused = daemon.ask("respeak", "gone.md", "--at", at)
    assert refused.returncode == 1
    assert "gone.md was spoken by toy, which is not available" in refused.stderr
    assert "Add it" in refused.stderr
    assert "`narrated refresh gone.md`" in refused.stderr
    assert daemon.history("gone.md") == states


def test_time_outside_is_told(daemon: Daemon) -> None:
    """A time after the end is refused with the length of the narration."""
    _narrate(daemon, "time")
    refused = daemon.ask("respeak", "time.md", "--at", "1:00:00")
    assert refused.returncode == 1
    assert "time.md is 0:0" in refused.stderr
    assert "nothing is heard at 60:00" in refused.stderr


def test_only_varying_voices_speak(daemon: Daemon) -> None:
    """Of two voices, only the one that has other takes speaks again; a line of the other cannot."""
    _reload(daemon, **TWO_VOICES)
    text = "# Two voices\n\nSaid by the toy.\n\n> Said by another.\n"
    daemon.drop("two.md", text)
    daemon.published("two", text)
    before, states = len(daemon.spoken), daemon.history("two.md")
    quoted = _lines(daemon, "two")["Quote: Said by another."]
    refused = daemon.ask("respeak", "two.md", "--at", quoted)
    assert refused.returncode == 1
    assert "There is no other take of two.md: espeak" in refused.stderr
    assert daemon.history("two.md") == states
    assert daemon.ask("respeak", "two.md").returncode == 0
    wait(lambda: daemon.history("two.md")[len(states) :] == ["done"])
    assert sorted(daemon.spoken[before:]) == ["Said by the toy.", "Two voices"]


@pytest.mark.parametrize("served", [True, False], ids=["daemon", "no daemon"])
def test_steady_engine_is_told(tmp_path: Path, served: bool) -> None:
    """espeak has no other take: respeak says so and what to do instead, and queues nothing."""
    with running(tmp_path, **ESPEAK, engines={}) as daemon:
        daemon.drop("post.md", POST)
        daemon.published("post", POST)
        if not served:
            daemon.stop()
        for arguments in ((), ("--at", "0:01")):
            refused = daemon.ask("respeak", "post.md", *arguments)
            assert refused.returncode == 1
            assert "There is no other take of post.md: espeak" in refused.stderr
            assert "lexicon.yaml" in refused.stderr
        assert daemon.history("post.md") == ["done"]


def test_take_survives_a_restart(tmp_path: Path) -> None:
    """Asked for without a daemon, or before a kill, it is spoken alone, whatever is configured."""
    daemon = Daemon(tmp_path)
    daemon.drop("post.md", POST)
    assert daemon.ask("once", "--quiet").returncode == 0
    spoken = len(daemon.spoken)
    at = _lines(daemon, "post")["The second line."]
    assert daemon.ask("respeak", "post.md", "--at", at).returncode == 0
    daemon.configure(speech={"engine": "toy", "voice": "other"}, audio={"format": "opus"})
    with daemon:
        wait(lambda: daemon.history("post.md") == ["superseded", "done"])
        assert daemon.spoken[spoken:] == ["The second line."]
        assert daemon.manifest("post")["voice"] == "toy"


def test_cancelled_take_is_retried(tmp_path: Path) -> None:
    """A cancelled take that is tried again is that line's, and not the post by other settings."""
    daemon = Daemon(tmp_path)
    daemon.drop("post.md", POST)
    assert daemon.ask("once", "--quiet").returncode == 0
    spoken = len(daemon.spoken)
    at = _lines(daemon, "post")["The first line."]
    assert daemon.ask("respeak", "post.md", "--at", at).returncode == 0
    assert daemon.ask("cancel", "post.md").returncode == 0
    daemon.configure(speech={"engine": "toy", "voice": "other"})
    assert daemon.ask("retry", "post.md").returncode == 0
    assert daemon.ask("once", "--quiet").returncode == 0
    assert daemon.spoken[spoken:] == ["The first line."]
    assert daemon.manifest("post")["voice"] == "toy"


def test_engine_changed_after_asking(tmp_path: Path) -> None:
    """If the engine changes before a take is spoken, it fails with a note; the narration stays."""
    daemon = Daemon(tmp_path)
    daemon.drop("post.md", POST)
    assert daemon.ask("once", "--quiet").returncode == 0
    spoken, told = len(daemon.spoken), daemon.manifest("post")
    assert daemon.ask("respeak", "post.md", "--at", "0:00").returncode == 0
    daemon.configure(**toy(tmp_path, seconds_a_character=0.004))
    assert daemon.ask("once", "--quiet").returncode == 1
    assert "`narrated refresh post.md`" in daemon.note("post")
    assert len(daemon.spoken) == spoken
    assert daemon.manifest("post") == told
    assert daemon.ask("refresh", "post.md").returncode == 0
    assert daemon.ask("once", "--quiet").returncode == 0
    assert not (daemon.outbox / "post.error.txt").exists()


def test_undeclared_engine_varies() -> None:
    """An engine that says nothing of its takes, as one of another package, counts as varying."""
    assert EngineInfo("other", "speech", "other-1", 22_050, {}, 1).varies

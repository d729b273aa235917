"""Transcripts of a post: three files beside its sound, and the narrations of before with one."""

import json
import signal
from collections.abc import Iterator
from typing import Any

import pytest
import srt
import webvtt

from support.consistency import verify
from support.daemon import Daemon, running, toy, wait
from support.published import narration

LONG = "The rain had begun to fall, and nobody of us, not even the guide, had brought an umbrella"
TEXT = f"# Rain\n\nIt was 3 May.\n\n{LONG}, so that we were wet before we had come to the town.\n"
FURTHER = ("post.srt", "post.transcript.json")


@pytest.fixture(scope="module")
def daemon(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Daemon]:
    """A daemon whose settings a reload changes."""
    with running(tmp_path_factory.mktemp("daemon")) as ready:
        yield ready


def _segments(daemon: Daemon, stem: str) -> list[dict[str, Any]]:
    content = json.loads((daemon.outbox / f"{stem}.transcript.json").read_bytes())
    return list(content["segments"])


def _below(daemon: Daemon, folder: str) -> set[str]:
    return {name for name in daemon.files if name.startswith(f"{folder}/")}


def _of_before(daemon: Daemon, folder: str) -> None:
    """Leave of a narration what an earlier version published."""
    path = daemon.outbox / folder / "post.json"
    manifest = json.loads(path.read_bytes())
    manifest["outputs"] = [each for each in manifest["outputs"] if each["name"] not in FURTHER]
    for name in FURTHER:
        (path.parent / name).unlink()
    path.write_text(json.dumps(manifest))


def test_three_transcripts_agree(daemon: Daemon) -> None:
    """All three have the same words, as the source has them; cues have two lines at most."""
    daemon.drop("all/post.md", TEXT)
    manifest = daemon.published("all/post", TEXT)
    types = {each["name"]: each["media_type"] for each in manifest["outputs"]}
    assert [types[name] for name in ("post.vtt", *FURTHER)] == [
        "text/vtt",
        "application/x-subrip",
        "application/json",
    ]
    cues = [each.text for each in webvtt.read(daemon.outbox / "all/post.vtt")]
    assert cues == [
        each.content for each in srt.parse((daemon.outbox / "all/post.srt").read_text())
    ]
    assert all(len(line) <= 42 for cue in cues for line in cue.split("\n"))
    assert len(cues) > 3
    segments = _segments(daemon, "all/post")
    assert " ".join(each["body"] for each in segments) == " ".join(" ".join(cues).split())
    assert all(each["endTime"] > each["startTime"] for each in segments)
    dated = next(each for each in segments if "3 May" in each["body"])
    assert dated["spoken"] == "It was the third of May."


def test_spoken_words_are_shown(daemon: Daemon) -> None:
    """With `audio: {transcript: spoken}` the words are those that are heard."""
    told = len(daemon.statuses)
    daemon.configure(**toy(daemon.home), audio={"transcript": "spoken"})
    daemon.signal(signal.SIGHUP)
    daemon.wait_told("READY=1", since=told)
    daemon.drop("said/post.md", TEXT)
    daemon.published("said/post", TEXT)
    assert "It was the third of May." in (daemon.outbox / "said/post.srt").read_text()
    dated = next(each for each in _segments(daemon, "said/post") if "May" in each["body"])
    assert dated["written"] == "It was 3 May."


def test_transcripts_move_and_go(daemon: Daemon) -> None:
    """Transcripts move with their narration; no source has their names."""
    daemon.drop("moved/post.md", TEXT)
    daemon.drop("moved/new.transcript.md", TEXT)
    daemon.published("moved/post", TEXT)
    daemon.manifest("moved/new.transcript.md")
    (daemon.inbox / "moved/post.md").rename(daemon.inbox / "moved/new.md")
    whole = narration("moved/new") | narration("moved/new.transcript.md")
    wait(lambda: _below(daemon, "moved") == whole, lambda: daemon.log)
    daemon.wait_idle()
    verify(daemon)


def test_narration_of_before_stays(daemon: Daemon) -> None:
    """A narration with a WebVTT file alone moves as it is; a refresh brings the others."""
    daemon.drop("before/post.md", TEXT)
    daemon.published("before/post", TEXT)
    daemon.wait_idle()
    _of_before(daemon, "before")
    (daemon.inbox / "before").rename(daemon.inbox / "later")
    wait(lambda: "later/post.json" in daemon.files, lambda: daemon.log)
    daemon.wait_idle()
    assert _below(daemon, "later") == narration("later/post") - {
        f"later/{name}" for name in FURTHER
    }
    spoken = len(daemon.spoken)
    daemon.ask("refresh", "later/post.md")
    wait(lambda: _below(daemon, "later") == narration("later/post"), lambda: daemon.log)
    assert len(daemon.spoken) == spoken

"""The words of a post as its transcripts and its manifest show them."""

import json
import signal
from collections.abc import Iterator
from pathlib import Path

import jsonschema
import pytest

from support.daemon import Daemon, running, toy, wait

SCHEMA = json.loads((Path(__file__).parents[2] / "docs" / "post.schema.json").read_text())
POST = """---
title: Memory
date: 2024-05-03
---
It has 8 GB, i.e. enough. Nothing else changed.

> Call `f(x)`.

1. First.
2. Second of 2.
"""


@pytest.fixture(scope="module")
def daemon(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Daemon]:
    """A daemon that the tests share."""
    with running(tmp_path_factory.mktemp("written")) as daemon:
        yield daemon


def _cues(daemon: Daemon, stem: str) -> str:
    lines = (daemon.outbox / f"{stem}.vtt").read_text().splitlines()
    return " ".join(line for line in lines[1:] if "-->" not in line)


def test_manifest_holds_both_forms(daemon: Daemon) -> None:
    """A manifest follows its schema, and has each sentence spoken, written and placed."""
    daemon.drop("both.md", POST)
    manifest = daemon.published("both", POST)
    jsonschema.validate(manifest, SCHEMA)
    found = [
        (each.get("written", each["spoken"]), each.get("lines")) for each in manifest["sentences"]
    ]
    assert found == [
        ("Memory", None),
        ("2024-05-03.", None),
        ("It has 8 GB, i.e. enough. Nothing else changed.", [5, 5]),
        ("Call f(x).", [7, 7]),
        ("1. First.", [9, 9]),
        ("2. Second of 2.", [10, 10]),
    ]
    assert manifest["sentences"][2]["spoken"] == (
        "It has eight gigabytes, that is enough. Nothing else changed."
    )
    assert "It has 8 GB, i.e. enough." in " ".join(_cues(daemon, "both").split())


def test_kept_sentences_follow_an_edit(daemon: Daemon) -> None:
    """An edit that changes no word keeps the sound; the sentences have the new lines."""
    daemon.drop("moved.md", POST)
    before = daemon.published("moved", POST)
    sound = (daemon.outbox / "moved.mp3").stat().st_ino
    edited = POST.replace("It has", "<!-- a\nnote -->\n\nIt has")
    daemon.drop("moved.md", edited)
    after = daemon.published("moved", edited)
    assert (daemon.outbox / "moved.mp3").stat().st_ino == sound
    jsonschema.validate(after, SCHEMA)
    pairs = list(zip(before["sentences"], after["sentences"], strict=True))
    for old, new in pairs[2:]:
        assert new["lines"] == [line + 3 for line in old["lines"]]
        assert new["block"] == old["block"] + 1
        moved = {"lines": 0, "block": 0}
        assert {**new, **moved} == {**old, **moved}


def test_written_edit_speaks_nothing(daemon: Daemon) -> None:
    """An edit of the written words alone brings new transcripts, and speaks nothing."""
    daemon.drop("date.md", "It has 8 GB.\n")
    daemon.published("date", "It has 8 GB.\n")
    spoken = len(daemon.spoken)
    daemon.drop("date.md", "It has eight gigabytes.\n")
    manifest = daemon.published("date", "It has eight gigabytes.\n")
    assert "written" not in manifest["sentences"][-1]
    assert "eight gigabytes" in _cues(daemon, "date")
    assert len(daemon.spoken) == spoken


def test_refresh_brings_spoken_words(tmp_path: Path) -> None:
    """After a change of `transcript` a refresh writes other transcripts, and speaks nothing."""
    with running(tmp_path) as daemon:
        daemon.drop("post.md", "It has 8 GB.\n")
        daemon.published("post", "It has 8 GB.\n")
        spoken = len(daemon.spoken)
        told = len(daemon.statuses)
        daemon.configure(**toy(daemon.home), audio={"transcript": "spoken"})
        daemon.signal(signal.SIGHUP)
        daemon.wait_told("READY=1", since=told)
        assert "8 GB" in _cues(daemon, "post")
        daemon.ask("refresh", "post.md")
        wait(lambda: daemon.history("post.md")[1:] == ["done"], lambda: daemon.log)
        assert "eight gigabytes" in _cues(daemon, "post")
        assert len(daemon.spoken) == spoken

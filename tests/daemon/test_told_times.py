"""The times that an engine tells of its words, on their way into the cache."""

import re
from pathlib import Path

import pytest

from narrated.audio.flac_takes import notes_of
from narrated.audio.take_notes import TakeNotes
from support.daemon import Daemon, running, toy

POST = "# Told\n\nThe first sentence is here. The second one follows.\n"
A_CHARACTER_S = 0.05
WORDS = [match.start() for match in re.finditer(r"\S+", POST.splitlines()[2])]


def _notes(daemon: Daemon) -> list[TakeNotes]:
    """What the cache keeps with each take."""
    return [notes_of(path) for path in sorted((daemon.home / "cache").glob("??/*.flac"))]


def _narrate(daemon: Daemon) -> None:
    daemon.drop("told.md", POST)
    daemon.published("told", POST)


def test_words_stay_with_their_take(tmp_path: Path) -> None:
    """The times of words are in the cache, through a restart, and another take has its own."""
    with running(
        tmp_path, **toy(tmp_path, tells="words", seconds_a_character=A_CHARACTER_S)
    ) as daemon:
        _narrate(daemon)
        first, second = daemon.manifest("told")["sentences"][1:]
        assert first["end_s"] == second["start_s"]
        told_s = WORDS[5] * A_CHARACTER_S
        # A take begins with up to 30 ms of room.
        assert second["start_s"] - first["start_s"] == pytest.approx(told_s, abs=0.04)
        kept = _notes(daemon)
        assert WORDS in [[place for place, _ in notes.words] for notes in kept]
    with running(
        tmp_path, **toy(tmp_path, tells="words", seconds_a_character=A_CHARACTER_S)
    ) as daemon:
        assert daemon.ask("respeak", "told.md").returncode == 0
        daemon.wait_idle()
        both = _notes(daemon)
        assert len(both) == 2 * len(kept)
        assert all(notes.words for notes in both)
        assert all(notes in both for notes in kept)


def test_lies_cost_only_the_times(tmp_path: Path) -> None:
    """An engine that tells times that cannot be is heard all the same, without times."""
    with running(tmp_path, **toy(tmp_path, tells="lies")) as daemon:
        _narrate(daemon)
        assert {(notes.sentences, notes.words) for notes in _notes(daemon)} == {((), ())}
        assert all(each["restarts"] == 0 for each in daemon.status()["workers"])

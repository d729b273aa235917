"""Every dropped file gets a note or a narration, and nothing of it leaves the inbox."""

import json
import os
import re
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import suppress
from html import unescape
from pathlib import Path

import pytest
import srt
import webvtt
from mutagen.id3 import ID3

from hostile.cases import ENDLESS, FORGED_TITLE_READ, IMITATION, TOO_LONG, cases
from hostile.drop import NAMES, READING_S, SECRET, Drop, FetchListener, cues, dropped, seen
from narrated.audio.formats import TRANSCRIPT_SUFFIX
from narrated.script.default_voice import SpeechEngines
from narrated.script.script import ReadingSettings
from narrated.script.source_to_draft import build_draft
from support.daemon import running, wait

CASES = cases()
pytestmark = pytest.mark.timeout(300)

_RECORD = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d,\d{3} (?:DEBUG|INFO|WARNING|ERROR|CRITICAL) ")
_FRAMES = {"TIT2", "TPE1", "TALB", "TDRC", "TLAN", "APIC", "TCON", "COMM"}


@pytest.fixture(scope="module")
def both(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Drop, FetchListener]]:
    """Everything dropped at once, each with a note or a narration."""
    with dropped(tmp_path_factory.mktemp("hostile"), CASES) as found:
        yield found


@pytest.fixture(scope="module")
def drop(both: tuple[Drop, FetchListener]) -> Drop:
    """The daemon, and what came of each."""
    return both[0]


@pytest.mark.parametrize("path", CASES)
def test_hostile_file_note_or_narration(drop: Drop, path: str) -> None:
    """A hostile file gets a clear note or a correct narration."""
    case, found = CASES[path], drop.came_of[path]
    if case.note:
        assert "What was wrong: " in found
        assert "What to do: " in found
        assert re.search(case.note, found), found
        assert len(found) < 3000
    else:
        assert re.search(case.said, found), found


def test_hostile_files_crash_nothing(drop: Drop, figure: Callable[[str], None]) -> None:
    """All hostile files are through in bounded time, without a crash."""
    assert drop.daemon_pids() == drop.pids
    assert [each["restarts"] for each in drop.daemon.status()["workers"]] == [0] * (
        len(drop.pids) - 1
    )
    figure(
        f"{len(drop.came_of)} hostile files in {drop.took_s:.0f} s; "
        f"{sum('was not narrated' in found for found in drop.came_of.values())} notes"
    )


def test_no_hostile_file_hogs_parser(drop: Drop, figure: Callable[[str], None]) -> None:
    """No hostile file occupies a parser for longer than its time limit.

    The daemon itself measures the limit on the wall clock. A crash lets a fresh parser try once
    more, so two limits are the most, however slow the machine is.
    """
    took_s, path = drop.longest
    figure(f"{path} was read for the longest: {took_s:.1f} s, of {READING_S} s that it may take")
    assert 0 < took_s < 2 * READING_S


def test_endless_lexicon_costs_one_post(tmp_path: Path) -> None:
    """A pattern that never ends costs its own post a second of CPU time, and nothing else."""
    with running(tmp_path) as daemon:
        for path, content in {**ENDLESS.beside, ENDLESS.path: ENDLESS.content}.items():
            daemon.drop(path, content)
        wait(lambda: daemon.status()["state"] == "working", lambda: daemon.log)
        daemon.drop("beside.md", "All is well.")
        assert f"{TOO_LONG} 1 s " in daemon.note(ENDLESS.path.removesuffix(".md"))
        daemon.published("beside", "All is well.")
        assert [each["restarts"] for each in daemon.status()["workers"]] == [0]


def test_later_note_is_narrated(drop: Drop) -> None:
    """A note dropped afterwards is narrated."""
    drop.daemon.drop("afterwards.md", "All is well.")
    drop.daemon.published("afterwards", "All is well.")


def test_nothing_is_fetched(both: tuple[Drop, FetchListener]) -> None:
    listener = both[1]
    assert listener.heard == []
    # So that silence means something: what is fetched is heard.
    with suppress(OSError):  # there is no answer
        urllib.request.urlopen(f"http://127.0.0.1:{listener.port}/control", timeout=10)
    wait(lambda: listener.heard)
    assert [line.split("\r\n")[0] for line in listener.heard] == ["GET /control HTTP/1.1"]
    listener.heard.clear()


def test_nothing_outside_is_written(drop: Drop) -> None:
    assert seen(drop.outside) == drop.before
    assert seen(drop.workplace) == drop.workplace_before
    beside = {path.name for path in drop.outside.parent.iterdir()}
    assert beside == {"outside", "daemon", "workplace"}


def test_inbox_stays_untouched(drop: Drop) -> None:
    """The inbox stays as it was dropped."""
    assert len(drop.inbox_before) > len(drop.cases)
    assert drop.inbox_after == drop.inbox_before


def test_nothing_outside_is_read(drop: Drop) -> None:
    """Nothing outside the inbox is read aloud or kept."""
    places = {place for place, content in drop.kept() if SECRET.encode() in content}
    assert places == set()
    heard = {place for place, content in drop.kept() if b"Words behind a hard link" in content}
    assert any("plan" in place for place in heard)  # so the search sees into what is packed
    assert any("spoken.txt" in place for place in heard)


def test_hard_link_is_read_as_a_file(drop: Drop) -> None:
    """A hard link is read as any file, and its other name stays untouched."""
    assert "Words behind a hard link" in drop.came_of["links/hard.md"]
    assert seen(drop.outside)["shared.md"] == drop.before["shared.md"]


def test_nothing_of_a_link_is_read(drop: Drop) -> None:
    assert not any("links/" in path and "hard" not in path for path in drop.narrated())
    assert "Words behind" in drop.came_of["links/hard.md"]


def test_sparse_terabyte_is_refused(drop: Drop) -> None:
    """A sparse file of a terabyte is refused unread."""
    assert "larger than 67.1 MB" in drop.came_of["large/vast.md"]


def test_deep_tree_delays_nothing(drop: Drop) -> None:
    """A tree deeper than a path may be long holds up no other file."""
    assert "Words beside the deep" in drop.came_of["deep/end.md"]


@pytest.mark.parametrize("name", NAMES.values(), ids=NAMES)
def test_a_hostile_name_is_narrated(drop: Drop, name: bytes) -> None:
    assert "Words of a name." in drop.came_of[f"names/{os.fsdecode(name)}"]


def test_no_text_forges_a_log_record(drop: Drop) -> None:
    """No name and no text forges a log record."""
    log = (drop.daemon.home / "log").read_text(errors="surrogateescape")
    lines = log.splitlines()
    odd = [line for line in lines if not _RECORD.match(line) and not line.startswith("    | ")]
    assert odd == []
    assert all(line.isprintable() for line in log.split("\n"))
    assert not any("unforeseen way" in line or "could not be removed" in line for line in lines)


def test_no_text_forges_a_note_line(drop: Drop) -> None:
    """No text forges a line of a note."""
    for path in drop.daemon.outbox.rglob("*.txt"):
        text = path.read_text()
        assert all(line.isprintable() for line in text.split("\n")), path
        if path.name.endswith(".error.txt"):
            assert len(text.rstrip("\n").split("\n")) == 6, text


def test_transcripts_hold_all_words(drop: Drop) -> None:
    """Every transcript is valid, and its cues hold the words of each chunk, all and in order."""
    made: dict[str, Path] = {}
    for vtt, narration in drop.transcripts():
        made[narration.source.path] = vtt
        found = cues(vtt.read_text())
        assert found
        assert len(webvtt.read(vtt)) == len(found)
        captions = srt.parse(vtt.with_suffix(".srt").read_text())
        assert [each.index for each in captions] == list(range(1, len(found) + 1))
        if any(each.name.endswith(TRANSCRIPT_SUFFIX) for each in narration.outputs):
            shown = "".join(each["body"] for each in _segments(vtt)).replace(" ", "")
            assert "".join(map(unescape, found)).replace(" ", "") == shown
    said = build_draft(
        IMITATION.encode(),
        "text.txt",
        captions={},
        lexicons=[],
        settings=ReadingSettings(),
        engines=SpeechEngines({"espeak": 300}),
    )
    spoken = [each.get("spoken", each["body"]) for each in _segments(made["imitations/text.txt"])]
    assert " ".join(spoken) == " ".join(chunk.text for chunk in said.chunks)
    assert any("forged cue" in words for words in spoken)


def _segments(vtt: Path) -> list[dict[str, str]]:
    content = json.loads(vtt.with_suffix(".transcript.json").read_bytes())
    return list(content["segments"])


def test_no_title_forges_a_tag(drop: Drop) -> None:
    """No title forges a tag or moves a cursor."""
    for vtt, found in drop.transcripts():
        tags = ID3(vtt.with_suffix(".mp3"))
        assert {key[:4] for key in tags} <= _FRAMES, found.source.path
        for frame in tags.getall("TIT2") + tags.getall("TPE1") + tags.getall("TALB"):
            assert len(frame.text) == 1
            assert not re.search(r"[\x00-\x1f\x7f-\x9f]", frame.text[0]), found.source.path
        for frame in tags.getall("TCON") + tags.getall("COMM"):
            assert not re.search(r"[\x01-\x1f\x7f-\x9f]", "".join(frame.text)), found.source.path
    titles = [found.title for _, found in drop.transcripts()]
    assert FORGED_TITLE_READ in titles


def test_no_control_character_is_spoken(drop: Drop) -> None:
    """No spoken word holds a control character."""
    spoken = "\n".join(drop.daemon.spoken)
    assert not re.search(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]", spoken)
    assert "forged cue" in spoken

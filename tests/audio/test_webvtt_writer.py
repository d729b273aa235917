"""Transcripts, parsed back by a reader that follows the standard's own steps."""

import re
from contextlib import closing
from dataclasses import dataclass
from html import unescape
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from narrated.audio.webvtt_writer import TranscriptCue, WebVttWriter
from narrated.errors import StorageError

TIMING = re.compile(
    r"(\d\d+):([0-5]\d):([0-5]\d)\.(\d{3}) --> (\d\d+):([0-5]\d):([0-5]\d)\.(\d{3})"
)


@dataclass(frozen=True)
class Parsed:
    start_ms: int
    end_ms: int
    text: str


def parsed(path: Path) -> list[Parsed]:
    """The cues as https://www.w3.org/TR/webvtt1/#file-parsing collects them."""
    text = path.read_bytes().decode("utf-8")
    assert "\0" not in text
    header, *blocks = re.split(r"(?:\r\n|\n|\r){2,}", text.strip("\r\n"))
    assert header == "WEBVTT"
    return [cue(re.split(r"\r\n|\n|\r", block)) for block in blocks]


def cue(lines: list[str]) -> Parsed:
    timing, text = lines  # no identifier, and all words on one line
    found = TIMING.fullmatch(timing)
    assert found
    assert "-->" not in text
    assert not re.search(r"<|&(?!amp;|lt;|gt;)", text)
    numbers = [int(number) for number in found.groups()]
    start, end = (
        ((hours * 60 + minutes) * 60 + seconds) * 1000 + rest
        for hours, minutes, seconds, rest in (numbers[:4], numbers[4:])
    )
    return Parsed(start, end, unescape(text))


def written(path: Path, *cues: TranscriptCue) -> list[Parsed]:
    with closing(WebVttWriter(path)) as transcript:
        for each in cues:
            transcript.append(each)
    return parsed(path)


def test_cues_are_read_back(tmp_path: Path) -> None:
    """Cues are read back with their times."""
    cues = written(
        tmp_path / "a.vtt", TranscriptCue(0, 1.5, "One."), TranscriptCue(3661.2345, 36000, "Two.")
    )
    assert cues == [Parsed(0, 1500, "One."), Parsed(3661234, 36000000, "Two.")]


def test_transcript_without_cues(tmp_path: Path) -> None:
    """A transcript without cues is valid."""
    assert written(tmp_path / "a.vtt") == []


def test_cue_without_duration(tmp_path: Path) -> None:
    """A cue without duration gets one millisecond."""
    (only,) = written(tmp_path / "a.vtt", TranscriptCue(2, 2, "Blink."))
    assert only.end_ms > only.start_ms


def test_cue_without_words(tmp_path: Path) -> None:
    """A cue without words is left out."""
    assert written(tmp_path / "a.vtt", TranscriptCue(0, 1, " \n ")) == []


@pytest.mark.parametrize(
    "text",
    [
        "a\n\n00:00:00.000 --> 00:00:09.000\nforged",
        "a\r\r00:00:00.000 --> 00:00:09.000\rforged",
        "x --> y",
        "if a < b && b > c",
        "<v Eve>not a voice</v>",
        "&lt;",
        "NOTE this",
        "a\0b",
        "a\udcffb",
        "\ufeffWEBVTT",
    ],
)
def test_text_forges_no_cue(tmp_path: Path, text: str) -> None:
    """No text can forge a cue."""
    (only,) = written(tmp_path / "a.vtt", TranscriptCue(0, 1, text))
    expected = re.sub("[\0\udcff]", "\ufffd", " ".join(text.split()))
    assert only == Parsed(0, 1000, expected)


@given(st.lists(st.text(), max_size=5))
def test_one_cue_for_any_words(tmp_path_factory: pytest.TempPathFactory, texts: list[str]) -> None:
    """Any words make exactly one cue."""
    path = tmp_path_factory.getbasetemp() / "any words.vtt"  # a folder each would cost far more
    cues = written(path, *(TranscriptCue(n, n + 1, text) for n, text in enumerate(texts)))
    assert [each.start_ms // 1000 for each in cues] == [n for n, t in enumerate(texts) if t.split()]


def test_transcript_grows_on_disk(tmp_path: Path) -> None:
    """A transcript grows on the disk, and not in memory."""
    path = tmp_path / "a.vtt"
    with closing(WebVttWriter(path)) as transcript:
        for second in range(10_000):  # many times what Python buffers
            transcript.append(TranscriptCue(second, second + 1, "Some words of a long book."))
        assert path.stat().st_size > 50_000


def test_full_disk_is_an_error(small_disk: Path) -> None:
    """A full disk is a StorageError."""
    with (
        pytest.raises(StorageError, match="No space left"),
        closing(WebVttWriter(small_disk / "a")) as book,
    ):
        for second in range(10_000):
            book.append(TranscriptCue(second, second + 1, "Some words of a long book."))

"""Transcripts, read back by parsers of each format."""

import json
import re
from contextlib import closing
from html import unescape
from pathlib import Path
from typing import Literal

import msgspec
import pytest
import srt
import webvtt
from hypothesis import given, settings
from hypothesis import strategies as st

from narrated.audio.cues import clean
from narrated.audio.heard_sentence import HeardSentence
from narrated.audio.transcript_files import TranscriptFiles
from narrated.errors import StorageError

TIMING = re.compile(
    r"(\d\d+):([0-5]\d):([0-5]\d)\.(\d{3}) --> (\d\d+):([0-5]\d):([0-5]\d)\.(\d{3})"
)
NAMES = ("a.vtt", "a.srt", "a.transcript.json")


class Segment(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """As https://github.com/Podcastindex-org/podcast-namespace has it, and a field of ours."""

    startTime: float
    endTime: float
    speaker: str
    body: str
    written: str = ""
    spoken: str = ""


class Transcript(msgspec.Struct, forbid_unknown_fields=True):
    version: Literal["1.0.0"]
    segments: list[Segment]


Parsed = tuple[int, int, str]
"""Start and end in milliseconds, and the lines."""


def parsed(path: Path) -> list[Parsed]:
    """The cues as https://www.w3.org/TR/webvtt1/#file-parsing collects them."""
    text = path.read_bytes().decode("utf-8")
    assert "\0" not in text
    header, *blocks = re.split(r"(?:\r\n|\n|\r){2,}", text.strip("\r\n"))
    assert header == "WEBVTT"
    return [_cue(re.split(r"\r\n|\n|\r", block)) for block in blocks]


def _cue(lines: list[str]) -> Parsed:
    timing, *words = lines  # no identifier
    assert 1 <= len(words) <= 2
    found = TIMING.fullmatch(timing)
    assert found
    text = "\n".join(words)
    assert "-->" not in text
    assert not re.search(r"<|&(?!amp;|lt;|gt;)", text)
    numbers = [int(number) for number in found.groups()]
    start, end = (
        ((hours * 60 + minutes) * 60 + seconds) * 1000 + rest
        for hours, minutes, seconds, rest in (numbers[:4], numbers[4:])
    )
    return start, end, unescape(text)


def captions(folder: Path) -> list[srt.Subtitle]:
    """The captions of the SubRip file, which are numbered from 1."""
    found = list(srt.parse((folder / "a.srt").read_text("utf-8")))
    assert [each.index for each in found] == list(range(1, len(found) + 1))
    return found


def segments(folder: Path) -> list[Segment]:
    return msgspec.json.decode(
        (folder / "a.transcript.json").read_bytes(), type=Transcript
    ).segments


def write(
    folder: Path, *said: HeardSentence, form: Literal["written", "spoken"] = "spoken"
) -> None:
    with closing(TranscriptFiles([folder / name for name in NAMES], form)) as files:
        for each in said:
            files.add(each)


def test_three_files_are_read_back(tmp_path: Path) -> None:
    """All three are read back, with the same times."""
    write(
        tmp_path,
        HeardSentence(0, 1.5, "One."),
        HeardSentence(3661.2345, 3663, "Two.", speaker="quote"),
    )
    wanted = [(0, 1500, "One."), (3661234, 3663000, "Two.")]
    assert parsed(tmp_path / "a.vtt") == wanted
    assert [cue.start for cue in webvtt.read(tmp_path / "a.vtt")] == [
        "00:00:00.000",
        "01:01:01.234",
    ]
    assert [
        (round(each.start.total_seconds() * 1000), each.content) for each in captions(tmp_path)
    ] == [(start, text) for start, _, text in wanted]
    first, second = segments(tmp_path)
    assert (first.startTime, first.endTime, first.body, first.speaker) == (0, 1.5, "One.", "")
    assert (second.startTime, second.endTime, second.speaker) == (3661.234, 3663, "quote")


def test_transcripts_without_words(tmp_path: Path) -> None:
    """Sentences without words are left out; the files are valid all the same."""
    write(tmp_path, HeardSentence(0, 1, " \n "))
    assert (parsed(tmp_path / "a.vtt"), captions(tmp_path), segments(tmp_path)) == ([], [], [])


def test_cue_without_duration(tmp_path: Path) -> None:
    """Sentences without duration have a millisecond each, one after the other."""
    write(tmp_path, *[HeardSentence(2, 2, "Blink.")] * 2)
    assert [each[:2] for each in parsed(tmp_path / "a.vtt")] == [(2000, 2001), (2001, 2002)]


@pytest.mark.parametrize(("form", "other"), [("written", "spoken"), ("spoken", "written")])
def test_json_has_both_forms(
    tmp_path: Path, form: Literal["written", "spoken"], other: str
) -> None:
    """Captions have one form of the words, the JSON both, where they differ."""
    words = {"written": "On 3 May.", "spoken": "On the third of May."}
    write(
        tmp_path,
        HeardSentence(0, 1, words["spoken"], words["written"]),
        HeardSentence(1, 2, "Yes."),
        form=form,
    )
    assert [text for *_, text in parsed(tmp_path / "a.vtt")] == [words[form], "Yes."]
    assert [each.content for each in captions(tmp_path)] == [words[form], "Yes."]
    found = json.loads((tmp_path / "a.transcript.json").read_bytes())["segments"]
    assert [each["body"] for each in found] == [words[form], "Yes."]
    assert found[0][other] == words[other]
    assert not {"written", "spoken"} & found[1].keys()


@pytest.mark.parametrize(
    "text",
    [
        "a\n\n00:00:00.000 --> 00:00:09.000\nforged",
        "a\r\r00:00:00,000 --> 00:00:09,000\rforged",
        "x --> y",
        "if a < b && b > c",
        "<v Eve>not a voice</v>",
        "&lt;",
        "NOTE this",
        "a\0b",
        "a\udcffb",
        "\ufeffWEBVTT",
        '"}]}',
    ],
)
def test_text_forges_no_cue(tmp_path: Path, text: str) -> None:
    """No text can forge a cue; SubRip has other brackets, which begin no tag."""
    write(tmp_path, HeardSentence(0, 1, text))
    expected = re.sub("[\0\udcff]", "\ufffd", " ".join(text.split()))
    assert [each[2].replace("\n", " ") for each in parsed(tmp_path / "a.vtt")] == [expected]
    assert segments(tmp_path)[0].body == expected
    (only,) = captions(tmp_path)
    assert only.content.replace("\n", " ") == expected.replace("<", "‹").replace(">", "›")


def test_srt_moves_no_caption(tmp_path: Path) -> None:
    """No text is an instruction for a player of SubRip."""
    write(tmp_path, HeardSentence(0, 1, r"{\an8}Up"))
    assert captions(tmp_path)[0].content == "{\u2060\\an8}Up"


@settings(max_examples=60, deadline=None)
@given(st.lists(st.text(), max_size=5))
def test_any_words_are_valid(tmp_path_factory: pytest.TempPathFactory, texts: list[str]) -> None:
    """Any words make valid files, which hold them all."""
    folder = tmp_path_factory.getbasetemp()  # a folder each would cost far more
    write(folder, *(HeardSentence(n, n + 1, text) for n, text in enumerate(texts)))
    kept = [clean(text) for text in texts if clean(text)]
    assert [each.body for each in segments(folder)] == kept
    bare = "".join(kept).replace(" ", "")
    cues = parsed(folder / "a.vtt")
    assert re.sub("[ \n]", "", "".join(text for *_, text in cues)) == bare
    assert len(list(webvtt.read(folder / "a.vtt"))) == len(captions(folder)) == len(cues)


def test_transcripts_grow_on_disk(tmp_path: Path) -> None:
    """Transcripts grow on the disk, and not in memory."""
    with closing(TranscriptFiles([tmp_path / name for name in NAMES])) as files:
        for second in range(2_000):  # more than is collected
            files.add(HeardSentence(second, second + 1, "Some words of a long book."))
        assert all((tmp_path / name).stat().st_size > 50_000 for name in NAMES)


def test_full_disk_is_an_error(small_disk: Path) -> None:
    """A full disk is a StorageError."""
    paths = [small_disk / name for name in NAMES]
    with (
        pytest.raises(StorageError, match="No space left"),
        closing(TranscriptFiles(paths)) as book,
    ):
        for second in range(10_000):
            book.add(HeardSentence(second, second + 1, "Some words of a long book."))

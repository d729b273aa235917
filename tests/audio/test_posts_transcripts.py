"""Transcripts of whole posts, in both forms, read back by parsers of each format."""

from collections.abc import Iterator
from contextlib import closing
from html import unescape
from itertools import pairwise
from pathlib import Path
from typing import Literal

import pytest
import webvtt

from audio.test_transcript_files import NAMES as FILES
from audio.test_transcript_files import captions, parsed, segments
from narrated.audio.encoder_requests import TakeToAdd
from narrated.audio.heard_sentences import heard_sentences
from narrated.audio.transcript_files import TranscriptFiles
from narrated.jobs.narration_sentences import take_sentences
from narrated.script.chunks import chunk_script
from script.test_posts import NAMES, script

CHARACTERS_A_SECOND = 15


def _takes(name: str) -> Iterator[TakeToAdd]:
    """The takes of a post, of at most 300 characters each."""
    for chunk in chunk_script(script(name), {"narrator": 300, "quote": 300}):
        sentences = take_sentences(chunk)
        yield TakeToAdd("", chunk.text, chunk.pause_s, 1.0, chunk.speaker, sentences)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("form", ["written", "spoken"])
def test_post_has_valid_transcripts(
    tmp_path: Path, name: str, form: Literal["written", "spoken"]
) -> None:
    """All parsers read the same cues: short, in order, apart, with all words of the post."""
    now_s, spoken = 0.25, []
    with closing(TranscriptFiles([tmp_path / file for file in FILES], form)) as files:
        for take in _takes(name):
            end_s = now_s + len(take.text) / CHARACTERS_A_SECOND
            for sentence in heard_sentences(take, now_s, end_s):
                files.add(sentence)
            spoken.append(take.text)
            now_s = end_s + take.pause_s
    cues = parsed(tmp_path / "a.vtt")
    read = [unescape(each.text) for each in webvtt.read(tmp_path / "a.vtt")]
    assert read == [text for *_, text in cues]
    assert len(captions(tmp_path)) == len(cues)
    assert all(0 < end - start <= 7000 for start, end, _ in cues)
    assert all(one[1] <= other[0] for one, other in pairwise(cues))
    assert all(len(line) <= 42 for *_, text in cues for line in text.split("\n"))
    found = segments(tmp_path)
    shown = "".join(each.body for each in found)
    assert "".join("".join(read).split()) == "".join(shown.split())  # an address may be cut
    assert " ".join(each.spoken or each.body for each in found).split() == " ".join(spoken).split()

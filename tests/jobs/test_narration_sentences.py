"""Sentences in time, put together from chunks."""

from itertools import pairwise

import pytest

from narrated.audio.encoder_requests import HeardTake, TakeToAdd
from narrated.jobs.narration_sentences import NarrationSentences, carried_sentences, take_sentences
from narrated.outbox.manifest import BlockTime
from narrated.outbox.manifest_sentences import SentenceTime
from narrated.script.chunks import chunk_script
from narrated.script.script import Chunk, Draft, Line, Role, Script, Sentence
from narrated.script.sentence_alignment import aligned_sentences

LINES = ((1, 1), (3, 5), (0, 0))


def chunk(text: str, *sentences: Sentence, block: int = 1) -> Chunk:
    return Chunk("a", block, Role.PARAGRAPH, text, 0.5, sentences=sentences)


def draft(*lines: Line) -> Draft:
    return Draft("text", "T", "", "", "en", True, {}, (), Script(lines, ()), (), block_lines=LINES)


def heard(*added: tuple[Chunk, HeardTake]) -> list[SentenceTime]:
    collected = NarrationSentences(draft())
    for one, times in added:
        sentences = take_sentences(one)
        collected.add(one, TakeToAdd("", one.text, 0.0, sentences=sentences), times)
    return collected.sentences


def test_sentences_have_both_forms() -> None:
    """A sentence has its spoken and its written words, its times, and the lines of its block."""
    both = chunk("Eight gigabytes. Fine.", Sentence(0, "8 GB."), Sentence(17))
    assert heard((both, HeardTake(1.0, 4.0, [1.0, 3.0]))) == [
        SentenceTime(
            block=1,
            lines=(3, 5),
            start_s=1.0,
            end_s=3.0,
            spoken="Eight gigabytes.",
            written="8 GB.",
        ),
        SentenceTime(block=1, lines=(3, 5), start_s=3.0, end_s=4.0, spoken="Fine."),
    ]


def test_unknown_time_joins_one_before() -> None:
    """Sentences whose beginning nobody heard stay with the one before."""
    three = chunk("One. Two. Three.", Sentence(0, "1."), Sentence(5), Sentence(10, "3."))
    (first, last) = heard((three, HeardTake(0.0, 3.0, [0.0, None, 2.0])))
    assert (first.spoken, first.written, first.end_s) == ("One. Two.", "1. Two.", 2.0)
    assert (last.spoken, last.written) == ("Three.", "3.")


def test_cut_sentence_is_whole_again() -> None:
    """A sentence that was cut over chunks is one, with the words of all its parts."""
    begun = chunk("Yes. Eight", Sentence(0), Sentence(5, "8"))
    rest = chunk("gigabytes. No.", Sentence(0, "GB.", goes_on=True), Sentence(11))
    found = heard((begun, HeardTake(0.0, 2.0, [0.0, 1.0])), (rest, HeardTake(2.1, 4.0, [2.1, 3.0])))
    assert [one.spoken for one in found] == ["Yes.", "Eight gigabytes.", "No."]
    assert (found[1].written, found[1].start_s, found[1].end_s) == ("8 GB.", 1.0, 3.0)


@pytest.mark.parametrize(
    ("spoken", "written"),
    [
        ("これは長い文です、" * 71 + "終。", ""),
        ("a" * 3000 + " is a word.", ""),
        ("word " * 150 + "ends.", ""),
        ("so it goes—and on" * 40 + ".", ""),
        ("See " + "example dot com slash " * 40 + "now.", "See " + "example.com/" * 40 + " now."),
        ("八ギガバイトです" * 80 + "。", "8 GB です" * 80 + "。"),
    ],
)
def test_cut_keeps_the_words_of_source(spoken: str, written: str) -> None:
    """A sentence that was cut, where a space stood or none, is written as the source is."""
    sentences = aligned_sentences(spoken, written or spoken, "ja")
    line = Line("a", 1, Role.PARAGRAPH, spoken, 0.5, language="ja", sentences=sentences)
    chunks = chunk_script(Script((line,), ()), {"narrator": 300})
    assert len(chunks) > 2
    times = [HeardTake(start_s, end_s) for start_s, end_s in pairwise(range(len(chunks) + 1))]
    (whole,) = heard(*zip(chunks, times, strict=True))
    assert (whole.written or whole.spoken) == (written or spoken)
    assert "".join(whole.spoken.split()) == "".join(spoken.split())
    assert "—" in spoken or whole.spoken == spoken  # a voice gets a space where a clause ends


def test_japanese_has_no_spaces() -> None:
    """Sentences of unknown times that no space parts are written so, in chunks with spaces too."""
    text = "今日は雨です。" * 100
    sentences = aligned_sentences(text, text, "ja")
    line = Line("a", 1, Role.PARAGRAPH, text, 0.5, language="ja", sentences=sentences)
    chunks = chunk_script(Script((line,), ()), {"narrator": 300})
    found = heard(*((one, HeardTake(0.0, 1.0)) for one in chunks))
    assert len(found) == len(chunks)
    assert "".join(one.written or one.spoken for one in found) == text


def test_words_have_their_times() -> None:
    """Each word has its time; one that the engine did not tell has that of the word before."""
    said = chunk("Well — go on. Now.", Sentence(0), Sentence(14))
    take = HeardTake(1.0, 3.0, [1.0, 2.0], [(0, 1.0), (7, 1.3), (10, 1.5), (14, 2.0)])
    assert [one.words for one in heard((said, take))] == [(1.0, 1.0, 1.3, 1.5), (2.0,)]


def test_block_without_lines_has_none() -> None:
    """A title from elsewhere, and a block of unknown place, have no lines."""
    for block in (-1, 2, 9):
        (one,) = heard((chunk("One.", block=block), HeardTake(0.0, 1.0)))
        assert (one.block, one.lines) == (block, None)


def test_carried_sentences_follow_edit() -> None:
    """The sentences of a narration that is kept have the blocks and lines of the edited source."""
    old = [
        SentenceTime(block=0, lines=(1, 1), start_s=0.25, end_s=1.0, spoken="One."),
        SentenceTime(block=5, lines=(9, 9), start_s=1.5, end_s=2.0, spoken="Two."),
        SentenceTime(block=5, lines=(9, 9), start_s=2.0, end_s=3.0, spoken="Three."),
    ]
    blocks = [BlockTime(0, "title", "One.", 0.25, 1.0), BlockTime(5, "item", "Two.", 1.5, 3.0)]
    edited = draft(
        Line("a", 0, Role.TITLE, "One.", 1.0), Line("b", 1, Role.ITEM, "Two. Three.", 0.5)
    )
    found = carried_sentences(old, blocks, edited)
    assert [(one.block, one.lines) for one in found] == [(0, (1, 1)), (1, (3, 5)), (1, (3, 5))]
    assert [(one.start_s, one.spoken) for one in found] == [
        (one.start_s, one.spoken) for one in old
    ]

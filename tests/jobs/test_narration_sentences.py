"""Sentences in time, put together from chunks."""

from narrated.audio.encoder_requests import HeardTake
from narrated.jobs.narration_sentences import NarrationSentences, carried_sentences
from narrated.outbox.manifest import BlockTime
from narrated.outbox.manifest_sentences import SentenceTime
from narrated.script.script import Chunk, Draft, Line, Role, Script, Sentence

LINES = ((1, 1), (3, 5), (0, 0))


def chunk(text: str, *sentences: Sentence, block: int = 1) -> Chunk:
    return Chunk("a", block, Role.PARAGRAPH, text, 0.5, sentences=sentences)


def draft(*lines: Line) -> Draft:
    return Draft("text", "T", "", "", "en", True, {}, (), Script(lines, ()), (), block_lines=LINES)


def heard(*added: tuple[Chunk, HeardTake]) -> list[SentenceTime]:
    collected = NarrationSentences(draft())
    for one, take in added:
        collected.add(one, take)
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

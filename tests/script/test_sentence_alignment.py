"""Written words stand beside the spoken ones, sentence by sentence."""

import time
from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from narrated.script.chunks import chunk_script
from narrated.script.script import Line, Role, Script, Sentence
from narrated.script.sentence_alignment import aligned_sentences
from narrated.script.sentences_of_parts import sentences_of_parts
from narrated.script.text_normalisation import normalise

TEXTS = st.lists(
    st.sampled_from(["It has 8 GB.", "Dr. Smith came, e.g. on 3 May 2024.", "No!", "v1.2 is out.",
                     "Why?", "See fig. 3.", "A plain sentence of words.", "1.", "“So.” he said."]),
    min_size=1, max_size=12,
).map(" ".join)  # fmt: skip


def pairs(spoken: str, written: str) -> list[tuple[str, str]]:
    """Each sentence as it is spoken and as it is written."""
    sentences = aligned_sentences(spoken, written, "en") or (Sentence(0),)
    ends = [*(one.start for one in sentences[1:]), len(spoken)]
    said = [spoken[one.start : end].strip() for one, end in zip(sentences, ends, strict=True)]
    return [(text, one.written or text) for text, one in zip(said, sentences, strict=True)]


def test_equal_sentence_takes_no_room() -> None:
    """One sentence that is written as it is spoken leaves nothing in a plan."""
    assert aligned_sentences("A line.", "A line.", "en") == ()


def test_equal_sentences_have_starts() -> None:
    """Sentences that are written as they are spoken have their places alone."""
    assert aligned_sentences("One. Two.", "One. Two.", "en") == (Sentence(0), Sentence(5))


def test_sentences_pair_in_order() -> None:
    """Each spoken sentence has its written words."""
    assert pairs("It has eight gigabytes. Fine. May third.", "It has 8 GB. Fine. 3 May.") == [
        ("It has eight gigabytes.", "It has 8 GB."),
        ("Fine.", "Fine."),
        ("May third.", "3 May."),
    ]


def test_other_counts_align() -> None:
    """Where one form has more sentences than the other, those beside them still pair."""
    found = pairs(
        "One tea. It has version one point two. It is red, figure three. And go.",
        "1 tea. It has v1.2, is red, fig. 3. And go.",
    )
    assert found == [
        ("One tea.", "1 tea."),
        ("It has version one point two. It is red, figure three.", "It has v1.2, is red, fig. 3."),
        ("And go.", "And go."),
    ]


def test_number_joins_its_sentence() -> None:
    """The number of a list's item and the sentence after it are one."""
    assert pairs("Two point one. Go on. Stop.", "2.1. Go on. Stop.") == [
        ("Two point one. Go on.", "2.1. Go on."),
        ("Stop.", "Stop."),
    ]


@settings(deadline=None)
@given(TEXTS)
def test_no_word_is_lost(text: str) -> None:
    """All written words are there, in order; and the sentences cover the spoken text."""
    spoken = normalise(text)
    found = pairs(spoken, text)
    assert " ".join(written for _, written in found).split() == text.split()
    assert " ".join(said for said, _ in found) == spoken


@settings(deadline=None)
@given(TEXTS, st.integers(8, 60))
def test_cut_sentences_keep_all_words(text: str, limit: int) -> None:
    """Chunks of a line have its sentences, and all its written words in order."""
    spoken = normalise(text)
    line = Line(
        "a",
        0,
        Role.PARAGRAPH,
        spoken,
        0.5,
        sentences=aligned_sentences(spoken, text, "en"),
    )
    shown: list[str] = []
    begun = 0
    for chunk in chunk_script(Script((line,), ()), {"narrator": limit}):
        sentences = chunk.sentences or (Sentence(0),)
        ends = [*(one.start for one in sentences[1:]), len(chunk.text)]
        assert sentences[0].start == 0
        assert all(one < other for one, other in pairwise([one.start for one in sentences]))
        shown += [
            one.written or chunk.text[one.start : end].strip()
            for one, end in zip(sentences, ends, strict=True)
        ]
        begun += sum(not one.goes_on for one in sentences)
    assert "".join("".join(shown).split()) == "".join(text.split())
    assert begun == len(line.sentences or (Sentence(0),))


def test_whole_line_in_parts_goes_on() -> None:
    """The rest of a sentence that is cut belongs to the one that begins before."""
    found = sentences_of_parts((Sentence(0, "8 GB for you all."),), "eight gigabytes for you all.",
                               ["eight gigabytes", "for you all."])  # fmt: skip
    assert found == [(Sentence(0, "8 GB"),), (Sentence(0, "for you all.", goes_on=True),)]


def test_cut_inside_word_has_no_space() -> None:
    """A part says in which form no space stands before it."""
    long_word = sentences_of_parts((), "ab" * 3 + " c.", ["abab", "ab c."])
    assert long_word[1] == (Sentence(0, goes_on=True, without_space="both"),)
    address = sentences_of_parts((Sentence(0, "a.b/c"),), "a dot b slash c", ["a dot b", "slash c"])
    assert address == [
        (Sentence(0, "a.b"),),
        (Sentence(0, "/c", goes_on=True, without_space="written"),),
    ]


def test_sentences_without_space() -> None:
    """Where a chunk has a space and the source none, its sentences say so, or are written so."""
    found = sentences_of_parts(
        (Sentence(0), Sentence(3), Sentence(6)), "一つ。二つ。三つ。", ["一つ。 二つ。", "三つ。"]
    )
    assert found == [(Sentence(0), Sentence(4, without_space="both")), ()]
    assert sentences_of_parts((), "so—it is and was", ["so— it is", "and was"]) == [
        (Sentence(0, "so—it is"),),
        (Sentence(0, goes_on=True),),
    ]


def test_hostile_lines_cost_little() -> None:
    """A line of a hundred thousand sentences in other numbers costs no more than its length."""

    def spent_s(count: int) -> float:
        begun = time.process_time()
        spoken = " ".join(f"Word {at} of mine is said here." for at in range(count))
        written = " ".join(f"{at} W. is not. It is read there." for at in range(count))
        aligned_sentences(spoken, written, "en")
        aligned_sentences("One. " * count, "1. 2. " * count, "en")
        return time.process_time() - begun

    spent_s(100)
    assert spent_s(4000) < 40 * spent_s(400)

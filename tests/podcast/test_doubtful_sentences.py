"""The sentences of doubtful takes, by the times of both."""

import time

from narrated.podcast.doubtful_sentences import MOST_MARKED, doubtful_sentences
from narrated.podcast.page_episode import PageDoubt, PageSentence

SENTENCES = [PageSentence(number, number * 2.0, number * 2 + 1.5, "Words.") for number in range(5)]


def test_take_marks_its_sentences() -> None:
    """A doubtful take marks the sentences in it, and no neighbour."""
    found = doubtful_sentences(SENTENCES, [PageDoubt(2.0, 5.5, "It stops.")])
    assert found == {1: "It stops.", 2: "It stops."}


def test_rounded_times_mark_no_neighbour() -> None:
    """Times that are rounded otherwise mark the same sentence."""
    assert doubtful_sentences(SENTENCES, [PageDoubt(2.001, 3.999, "It stops.")]).keys() == {1}


def test_cut_sentence_tells_both_takes() -> None:
    """A sentence that was cut over two takes has what is told of each."""
    cut = [PageSentence(0, 0.0, 9.0, "Long words.")]
    doubts = [PageDoubt(0.0, 4.0, "It stops."), PageDoubt(4.1, 9.0, "It breaks off.")]
    assert doubtful_sentences(cut, doubts) == {0: "It stops. It breaks off."}


def test_hostile_doubts_cost_little() -> None:
    """A thousand doubts of all of a book mark some sentences, in a moment."""
    book = [PageSentence(number, 0.0, 1e9, "Words.") for number in range(30_000)]
    began = time.process_time()
    found = doubtful_sentences(book, [PageDoubt(0.0, 1e9, "x" * 300)] * 1000)
    assert len(found) <= MOST_MARKED
    assert time.process_time() - began < 5

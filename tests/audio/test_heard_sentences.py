"""Sentences of a take, with what is known of their times."""

from narrated.audio.encoder_requests import TakeSentence, TakeToAdd
from narrated.audio.heard_sentence import HeardSentence
from narrated.audio.heard_sentences import heard_sentences

TEXT = "On the third of May. It rained. We left."
SENTENCES = [TakeSentence(0, "On 3 May."), TakeSentence(21), TakeSentence(32)]
TAKE = TakeToAdd("", TEXT, 0.0, speaker="quote", sentences=SENTENCES)


def test_sentences_have_their_times() -> None:
    """Each sentence has its words in both forms, its time, and the places of its own words."""
    words = [(0, 1.0), (21, 3.1), (24, 3.3), (32, 4.0)]
    assert list(heard_sentences(TAKE, 1.0, 5.0, [1.0, 3.0, 4.0], words)) == [
        HeardSentence(1.0, 3.0, "On the third of May.", "On 3 May.", "quote", [(0, 1.0)]),
        HeardSentence(3.0, 4.0, "It rained.", "", "quote", [(0, 3.1), (3, 3.3)]),
        HeardSentence(4.0, 5.0, "We left.", "", "quote", [(0, 4.0)]),
    ]


def test_unknown_time_joins_sentences() -> None:
    """A sentence without a time is one with the sentence before it, in both forms."""
    assert list(heard_sentences(TAKE, 1.0, 5.0, [1.0, None, 4.0])) == [
        HeardSentence(1.0, 4.0, TEXT[:31], "On 3 May. It rained.", "quote", []),
        HeardSentence(4.0, 5.0, "We left.", "", "quote", []),
    ]
    whole = HeardSentence(1.0, 5.0, TEXT, "On 3 May. It rained. We left.", "quote", [])
    assert list(heard_sentences(TAKE, 1.0, 5.0)) == [whole]


def test_joined_sentences_keep_space() -> None:
    """Sentences that are one are written with a space between if the source has one there."""
    sentences = [
        TakeSentence(0, "1。"),
        TakeSentence(3),
        TakeSentence(7, "3。", without_space=True),
    ]
    (found,) = heard_sentences(
        TakeToAdd("", "一つ。二つ。 三つ。", 0.0, sentences=sentences), 0.0, 1.0
    )
    assert (found.spoken, found.written) == ("一つ。二つ。 三つ。", "1。二つ。3。")


def test_take_of_before_is_one_sentence() -> None:
    """A take without sentences, as plans of before have, is one."""
    take = TakeToAdd("", TEXT, 0.0)
    assert list(heard_sentences(take, 1.0, 5.0)) == [
        HeardSentence(1.0, 5.0, TEXT, "", "narrator", [])
    ]

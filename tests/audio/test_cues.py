"""Cues: sentences of any script and speed, as captions of a few seconds and two lines."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from wcwidth import iter_graphemes, wcswidth

from narrated.audio.cue_pieces import MOST_COLUMNS
from narrated.audio.cues import LONGEST_MS, MOST_LINES, Cue, clean, cues
from narrated.audio.heard_sentence import HeardSentence
from narrated.audio.text_columns import columns, is_plain

LATE = (
    "It was late when the three of them came to Lisbon, and the rain had begun to fall over the "
    "old town; nobody, not even Dr. Smith, had thought of an umbrella."
)
SCRIPTS = (
    "abc x",
    "日本語。、",
    "한국어",
    "אבג",
    "ابج\u0651",
    "e\u0301",
    "👨\u200d👩\u200d👧",
    "🇩🇪",
    "👍🏽",
    "น้ำ",
    "क्षि",
    "<&>",
)
WORDS = st.one_of(st.text(max_size=12), st.sampled_from(SCRIPTS), st.just("long" * 30))
TEXTS = st.lists(WORDS, min_size=1, max_size=40).map(" ".join).map(clean).filter(bool)


def made(text: str, duration_s: float = 5.0, start_s: float = 1.0, **more: object) -> list[Cue]:
    """The cues of a text that is heard for so long."""
    sentence = HeardSentence(start_s, start_s + duration_s, text, **more)  # type: ignore[arg-type]
    return list(cues(sentence, text))


def lines(found: list[Cue]) -> list[str]:
    return [line for cue in found for line in cue.lines]


@settings(max_examples=150, deadline=None)
@given(TEXTS, st.floats(0.5, 90))
def test_cues_hold_all_in_order(text: str, duration_s: float) -> None:
    """Cues hold all of a text, in order; short, apart, and inside its time, at any speed."""
    found = made(text, duration_s)
    assert "".join(lines(found)).replace(" ", "") == text.replace(" ", "")
    assert all(0 < len(cue.lines) <= MOST_LINES and all(cue.lines) for cue in found)
    assert all(0 <= cue.end_ms - cue.start_ms <= LONGEST_MS for cue in found)
    ends = [1000, *(cue.end_ms for cue in found)]
    assert all(end <= cue.start_ms for end, cue in zip(ends, found, strict=False))
    assert ends[-1] <= round((1.0 + duration_s) * 1000)


@settings(max_examples=150, deadline=None)
@given(TEXTS)
def test_no_grapheme_is_cut(text: str) -> None:
    """A line is at most 42 columns wide, unless one grapheme is, and begins with a whole one."""
    graphemes = list(iter_graphemes(text))
    found = [each for line in lines(made(text)) for each in iter_graphemes(line) if each != " "]
    assert found == [each for each in graphemes if each != " "]
    for line in lines(made(text)):
        assert columns(line) <= MOST_COLUMNS or len(list(iter_graphemes(line))) == 1


def test_plain_signs_are_one_column() -> None:
    """Signs that count as plain are a grapheme and a column each, beside any other of them."""
    plain = "".join(chr(code) for code in range(0x20, 0x2100) if is_plain(chr(code)))
    assert len(plain) > 1000
    assert {wcswidth(sign) for sign in plain} == {1}
    assert list(iter_graphemes(plain)) == list(plain)


def test_sentence_splits_at_clauses() -> None:
    """A long sentence becomes cues that end with its clauses, of two lines of about one width."""
    assert lines(made(LATE, 10)) == [
        "It was late when the three",
        "of them came to Lisbon,",
        "and the rain had begun",
        "to fall over the old town;",
        "nobody, not even Dr. Smith,",
        "had thought of an umbrella.",
    ]


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("A.", ["A."]),
        (
            "這是一個很長的中文句子，沒有空格，而且「引號」也在裡面。",
            ["這是一個很長的中文句子，", "沒有空格，而且「引號」也在裡面。"],
        ),
        (
            f"See https://example.com/{'path/' * 8}end now.",
            [
                "See https://example.com/path/path/path/",
                "path/path/path/path/path/end now.",
            ],
        ),
    ],
)
def test_lines_of_a_text(text: str, wanted: list[str]) -> None:
    """A letter is a line; Chinese breaks after its signs, an address after its slashes."""
    assert lines(made(text)) == wanted


def test_slow_word_is_shown_for_7_s() -> None:
    """A word that is said for longer than a cue may last is shown for that long."""
    assert made("Om.", 20) == [Cue(1000, 8000, ("Om.",))]


def test_time_is_shared_by_length() -> None:
    """Cues of a sentence share its time by the lengths of their words."""
    first, second = made(f"{'a' * 39}, {'b' * 39}, {'c' * 39}, {'d' * 39}.", 8)
    assert (first.start_ms, first.end_ms, second.start_ms, second.end_ms) == (
        1000,
        5000,
        5000,
        9000,
    )


def test_times_of_words_are_kept() -> None:
    """A cue starts when its first word is heard, where an engine tells that."""
    text = f"{'a' * 39}, {'b' * 39}, {'c' * 39}, {'d' * 39}."
    heard = [(0, 1.0), (41, 2.0), (82, 3.0), (123, 3.5)]
    assert [cue.start_ms for cue in made(text, 8, words=heard)] == [1000, 3000]
    odd = [(82, 99.0), (999, 2.0), (5, 0.1), (41, -1.0)]
    assert made(text, 8, words=odd) == made(text, 8)


def test_written_cues_follow_the_voice() -> None:
    """A cue of written words starts when the voice comes to them, though it says more words."""
    said = f"Since September fourteenth, twenty twenty-three, {'a' * 30} {'b' * 30}."
    seen = f"Since 2023-09-14, {'a' * 30} {'b' * 30}."
    place = said.index("aaa")
    told = HeardSentence(0.0, 9.0, said, seen, words=[(0, 0.0), (place, 5.0)])
    assert [cue.start_ms for cue in cues(told, seen)] == [0, 5000]
    shared = HeardSentence(0.0, 9.0, said, seen)
    second = list(cues(shared, seen))[1]
    assert second.start_ms == round(9000 * place / (len(said) + 1))

"""The proof shows a plan to a person."""

import msgspec
import pytest

from narrated.parser_process import plan
from narrated.script.preview import preview_lines, speaking_time
from narrated.script.script import ReadingSettings, Speaker


def planned(text, limit=100, **settings):
    return plan(
        text.encode(),
        "a.md",
        captions={},
        lexicons=[],
        settings=ReadingSettings(**settings),
        limits={"espeak": limit},
    )


def shown(text, limit=100, width=100, **settings):
    return list(preview_lines(planned(text, limit, **settings), width))


def test_the_head_tells_title_author_voice_coverage_and_length():
    found = shown("---\nauthor: Ada\ndate: 2024-03-09\n---\n# Title\n\nSome words.\n\n<!-- no -->")
    assert found[:3] == ["Title", "Ada, 2024-03-09", "in en, said by espeak (en-us)"]
    assert found[3].startswith("3 blocks: 2 spoken, 0 announced, 1 skipped; ")
    assert found[3].endswith(" words, under a minute; 3 chunks")


def test_each_line_stands_beside_its_role_and_pause():
    found = shown("# Title\n\nSome words.\n\n- An item", pauses={"item": 0.25})
    assert found[4:] == [
        "title       1.0 s  Title",
        "paragraph   0.5 s  Some words.",
        "item       0.25 s  An item",
    ]


def test_the_cuts_between_chunks_are_seen():
    found = shown("One two three. Four five six.", limit=20)
    assert found[-1] == "paragraph   0.5 s  One two three. ¦ Four five six."


def test_a_long_line_goes_on_below_its_own_words():
    found = shown("One two three four five six seven eight nine.", width=50)
    assert found[-2:] == [
        "paragraph   0.5 s  One two three four five six",
        "                   seven eight nine.",
    ]


def test_two_lines_of_one_text_are_shown_apart():
    assert shown("Same.\n\nSame.")[-2:] == ["paragraph   0.5 s  Same."] * 2


def test_whoever_is_not_the_narrator_is_named():
    speakers = {"narrator": Speaker(), "quote": Speaker("espeak", "en-gb")}
    found = shown("Mine.\n\n> Theirs.", speakers=speakers)
    assert "in en, said by espeak (en-us); quote: espeak (en-gb)" in found
    assert found[-2:] == [
        "paragraph   0.5 s  Mine.",
        "quote       0.5 s  [quote] Quote: Theirs.",
    ]


def test_a_piece_in_another_language_is_marked():
    made = planned("Ein Satz.")
    chunks = tuple(msgspec.structs.replace(chunk, language="de") for chunk in made.chunks)
    found = list(preview_lines(msgspec.structs.replace(made, chunks=chunks)))
    assert found[-1] == "paragraph   0.5 s  [de] Ein Satz."


def test_one_of_a_kind_is_no_plural():
    assert (
        shown("Words.")[2]
        == "1 block: 1 spoken, 0 announced, 0 skipped; 2 words, under a minute; 2 chunks"
    )


def test_what_is_not_said_stands_at_the_end_with_its_reason():
    found = shown("Words.\n\n<!-- secret -->")
    assert found[-3:] == ["", "Not said:", "  comment (a comment): secret"]


def test_where_all_is_said_nothing_is_listed_as_not_said():
    assert "Not said:" not in shown("Words.")


def test_a_proof_says_where_an_author_wants_no_narration():
    assert any("not narrated" in line for line in shown("---\nnarrate: no\n---\nWords."))


def test_a_proof_cannot_move_the_cursor():
    hostile = '---\nauthor: "A\\u202e"\nvoice: "v\\u2066"\n---\nWords \u202e here \u2028 too.'
    assert all(line.isprintable() for line in shown(hostile))


@pytest.mark.parametrize(
    ("words", "told"),
    [(0, "under a minute"), (74, "under a minute"), (150, "about 1 min"), (1204, "about 8 min")],
)
def test_the_length_is_told_in_minutes(words, told):
    assert speaking_time(words) == told

"""The preview shows a draft to a person."""

import msgspec
import pytest

from narrated.script.default_voice import SpeechEngines
from narrated.script.preview import preview_lines, speaking_time
from narrated.script.script import ReadingSettings, Speaker
from narrated.script.source_to_draft import build_draft


def planned(text, limit=100, **settings):
    return build_draft(
        text.encode(),
        "a.md",
        captions={},
        lexicons=[],
        settings=ReadingSettings(**settings),
        engines=SpeechEngines({"espeak": limit}),
    )


def shown(text, limit=100, width=100, **settings):
    return list(preview_lines(planned(text, limit, **settings), width))


def test_head_describes_the_draft():
    """The head tells title author voice coverage and length."""
    found = shown("---\nauthor: Ada\ndate: 2024-03-09\n---\n# Title\n\nSome words.\n\n<!-- no -->")
    assert found[:3] == ["Title", "Ada, 2024-03-09", "in en, said by espeak (en-us)"]
    assert found[3].startswith("3 blocks: 2 spoken, 0 announced, 1 skipped; ")
    assert found[3].endswith(" words, under a minute; 3 chunks")


def test_lines_show_role_and_pause():
    """Each line shows its role and pause."""
    found = shown("# Title\n\nSome words.\n\n- An item", pauses={"item": 0.25})
    assert found[4:] == [
        "title       1.0 s  Title",
        "paragraph   0.5 s  Some words.",
        "item       0.25 s  An item",
    ]


def test_chunk_boundaries_are_shown():
    """The cuts between chunks are seen."""
    found = shown("One two three. Four five six.", limit=20)
    assert found[-1] == "paragraph   0.5 s  One two three. ¦ Four five six."


def test_long_line_is_indented():
    """A long line goes on below its first words."""
    found = shown("One two three four five six seven eight nine.", width=50)
    assert found[-2:] == [
        "paragraph   0.5 s  One two three four five six",
        "                   seven eight nine.",
    ]


def test_equal_lines_are_shown_apart():
    """Two lines of one text are shown apart."""
    assert shown("Same.\n\nSame.")[-2:] == ["paragraph   0.5 s  Same."] * 2


def test_other_speakers_are_named():
    """A speaker other than the narrator is named."""
    speakers = {"narrator": Speaker(), "quote": Speaker("espeak", "en-gb")}
    found = shown("Mine.\n\n> Theirs.", speakers=speakers)
    assert "in en, said by espeak (en-us); quote: espeak (en-gb)" in found
    assert found[-2:] == [
        "paragraph   0.5 s  Mine.",
        "quote       0.5 s  [quote] Quote: Theirs.",
    ]


def test_other_languages_are_marked():
    """A chunk in another language is marked."""
    made = planned("Ein Satz.")
    chunks = tuple(msgspec.structs.replace(chunk, language="de") for chunk in made.chunks)
    found = list(preview_lines(msgspec.structs.replace(made, chunks=chunks)))
    assert found[-1] == "paragraph   0.5 s  [de] Ein Satz."


def test_one_is_no_plural():
    """One of a kind is no plural."""
    assert (
        shown("Words.")[2]
        == "1 block: 1 spoken, 0 announced, 0 skipped; 2 words, under a minute; 2 chunks"
    )


def test_skips_come_last_with_reasons():
    """Skips stand at the end with their reasons."""
    found = shown("Words.\n\n<!-- secret -->")
    assert found[-3:] == ["", "Not said:", "  comment (a comment): secret"]


def test_no_skips_give_no_list():
    """Without skips, the preview has no list of them."""
    assert "Not said:" not in shown("Words.")


def test_narrate_false_is_shown():
    """A preview says that an author wants no narration."""
    assert any("not narrated" in line for line in shown("---\nnarrate: no\n---\nWords."))


def test_speed_is_told_with_its_time():
    """A preview tells a speed, and the time that the text takes at it."""
    words = "word " * 900
    assert "about 6 min" in "\n".join(shown(words))
    fast = "\n".join(shown(f"---\nspeed: 1.5\n---\n{words}"))
    assert "speed 1.5" in fast
    assert "about 4 min" in fast


def test_preview_has_no_control_signs():
    """A preview holds only printable characters."""
    hostile = '---\nauthor: "A\\u202e"\nvoice: "v\\u2066"\n---\nWords \u202e here \u2028 too.'
    assert all(line.isprintable() for line in shown(hostile))


@pytest.mark.parametrize(
    ("words", "told"),
    [(0, "under a minute"), (74, "under a minute"), (150, "about 1 min"), (1204, "about 8 min")],
)
def test_length_is_told_in_minutes(words, told):
    """The length is told in minutes."""
    assert speaking_time(words) == told

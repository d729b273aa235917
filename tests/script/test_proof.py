"""The proof shows a plan to a person."""

from narrated.editor import plan
from narrated.script.proof import proof
from narrated.script.script import Settings


def shown(text, limit=100):
    made = plan(
        text.encode(),
        "a.md",
        captions={},
        lexicons=[],
        settings=Settings(),
        limits={"espeak": limit},
    )
    return list(proof(made))


def test_a_proof_shows_title_roles_chunks_pauses_and_what_is_skipped():
    found = shown("# Title\n\nOne two three. Four five six.\n\n<!-- secret -->", limit=20)
    assert found[0] == "Title"
    body = found[found.index("[paragraph]") :]
    assert body[:5] == [
        "[paragraph]",
        "  One two three.",
        "  ... 0.1 s",
        "  Four five six.",
        "  ... 0.5 s",
    ]
    assert found[-2:] == ["Not said:", "  comment (a comment): secret"]


def test_two_lines_of_one_text_are_shown_apart():
    assert shown("Same.\n\nSame.").count("[paragraph]") == 2


def test_a_proof_says_where_an_author_wants_no_narration():
    assert any("not narrated" in line for line in shown("---\nnarrate: no\n---\nWords."))


def test_a_proof_cannot_move_the_cursor():
    assert not any("\x1b" in line or "\u202e" in line for line in shown("Words \u202e here."))

"""The first paragraph describes a post that says nothing of itself."""

import pytest

from narrated.script.first_paragraph import first_paragraph
from narrated.script.script import Line, Role, Script, Sentence


def _line(text: str, role: Role = Role.PARAGRAPH, block: int = 1, **more: object) -> Line:
    values = {"id": f"{block}{role}", "block": block, "role": role, "text": text, "pause_s": 0.0}
    return Line(**(values | more))


@pytest.mark.parametrize(
    ("lines", "found"),
    [
        ([], ""),
        ([_line("Tea", Role.TITLE, 0)], ""),
        ([_line("Tea", Role.TITLE, 0), _line("Of tea."), _line("More.", block=2)], "Of tea."),
        ([_line("By Ada", block=-1), _line("x", Role.CODE, 0), _line("Words.")], "Words."),
        ([_line("Ein", language="de"), _line("word.")], "Ein word."),
        (
            [_line("It costs two euros. Yes.", sentences=(Sentence(0, "It is €2."), Sentence(20)))],
            "It is €2. Yes.",
        ),
        (
            [_line("はい。いいえ。", sentences=(Sentence(0), Sentence(3, without_space="both")))],
            "はい。いいえ。",
        ),
        ([_line("word " * 400)], "word " * 199 + "word…"),
    ],
)
def test_first_paragraph_is_written(lines: list[Line], found: str) -> None:
    """It is the first text that is no title, heading, code or table, as the source has it."""
    assert first_paragraph(Script(tuple(lines), ())) == found

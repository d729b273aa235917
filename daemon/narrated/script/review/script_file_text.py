"""The parts of a script file's text: its comments, and its lines with their numbers."""

import re
from collections.abc import Iterator, Sequence

from narrated.errors import SourceError
from narrated.printable import printable

_OPENING = re.compile(r"(?<!\\)<!(?:--|[–—])")
_CLOSING = re.compile(r"(?:--|[–—])>")


class ScriptFileWrong(SourceError):
    """A script file that cannot be understood; the message names the line and the remedy.

    Line 0 is none: the whole file is wrong.
    """

    def __init__(self, name: str, number: int, problem: str, remedy: str) -> None:
        where = f"{printable(name)}, line {number}" if number else printable(name)
        super().__init__(f"{where}: {printable(problem)}.", remedy)


def split_comments(text: str, name: str) -> tuple[str, Sequence[str]]:
    """Give a text without its comments, with as many line ends, and the comments.

    Errors: ScriptFileWrong.
    """
    said, comments, end = [], [], 0
    for opening in _OPENING.finditer(text):
        if opening.start() < end:
            continue
        closing = _CLOSING.search(text, opening.end())
        if closing is None:
            number = text.count("\n", 0, opening.start()) + 1
            raise ScriptFileWrong(
                name, number, "the comment that begins here does not end", "Write `-->` after it."
            )
        comment = text[opening.end() : closing.start()]
        said += [text[end : opening.start()], "\n" * comment.count("\n")]
        comments.append(" ".join(comment.split()))
        end = closing.end()
    return "".join([*said, text[end:]]), comments


def numbered_lines(text: str) -> Iterator[tuple[int, str]]:
    """Give the lines of a text with their numbers, without white space around."""
    for number, line in enumerate(text.split("\n"), start=1):
        yield number, line.strip()

"""Marks of spelled letters and of words in capitals: first inside a text, then beside it.

Rules write the letters of an acronym in Unicode's monospace alphabet (𝙰𝙿𝙸s), and a word that a
voice may say wrongly in its sans-serif alphabet (𝖱𝖠𝖬s). No other rule takes those for capitals,
and they stay one word. At the end the text gets plain letters, "A P Is" and "RAMs", with a Mark
over "A P I" and "RAM": a voice's front says them as that voice needs.
"""

import re
import string
from typing import Literal

from narrated.engines.interface import Mark

_PLAIN = string.ascii_uppercase + string.ascii_lowercase
_MONOSPACE = "".join(chr(0x1D670 + number) for number in range(len(_PLAIN)))
_SANS = "".join(chr(0x1D5A0 + number) for number in range(len(_PLAIN)))
_TO_MONOSPACE = str.maketrans(_PLAIN, _MONOSPACE)
_TO_SANS = str.maketrans(_PLAIN, _SANS)
_TO_PLAIN = str.maketrans(_MONOSPACE + _SANS, _PLAIN * 2)
_RUN = re.compile(f"(?P<letters>[{_MONOSPACE[0]}-{_MONOSPACE[-1]}]+)|[{_SANS[0]}-{_SANS[-1]}]+")


def mark_letters(letters: str) -> str:
    """Mark letters as said one by one."""
    return letters.translate(_TO_MONOSPACE)


def mark_word(word: str) -> str:
    """Mark a word, in capitals or of a trade, as one that a voice may say wrongly."""
    return word.translate(_TO_SANS)


def unmarked_letters(text: str) -> str:
    """Replace the alphabets of marks in an author's text by plain letters."""
    return text.translate(_TO_PLAIN)


def without_marks(text: str) -> tuple[str, tuple[Mark, ...]]:
    """Give the plain text, its spelled letters parted by spaces, and its marks."""
    if text.isascii():
        return text, ()
    parts: list[str] = []
    marks: list[Mark] = []
    length = 0
    for part in text.split(" "):  # to look at words beyond ASCII alone is cheaper than to search
        said = part if part.isascii() else _unmarked(part, length, marks)
        parts.append(said)
        length += len(said) + 1
    return " ".join(parts), tuple(marks)


def _unmarked(text: str, length: int, marks: list[Mark]) -> str:
    """Give a plain text, and add its marks; `length` is that of the text before it."""
    parts: list[str] = []
    end = 0
    for run in _RUN.finditer(text):
        plain = run[0].translate(_TO_PLAIN)
        kind: Literal["letters", "word"] = "letters" if run["letters"] else "word"
        said = " ".join(plain) if run["letters"] else plain
        length += run.start() - end
        marks.append(Mark(length, length + len(said), kind))
        parts += [text[end : run.start()], said]
        length += len(said)
        end = run.end()
    return "".join([*parts, text[end:]])

"""The table of acronyms of `tests/script/forms`."""

from pathlib import Path

_TABLE = Path(__file__).parent.parent / "script" / "forms" / "acronyms.txt"
_LETTERS, _WORDS = _TABLE.read_text(encoding="utf-8").split("# Words\n")

LETTERS = sorted(
    {word for line in _LETTERS.splitlines() if line[:1] != "#" for word in line.split()}
)
"""Acronyms that are said letter by letter, some in the plural."""
WORDS = {
    word.strip(): sound.strip() or word.strip().lower()
    for word, _, sound in (line.partition("|") for line in _WORDS.splitlines())
}
"""Acronyms and words in capitals that are said as words, with their sound in small letters."""

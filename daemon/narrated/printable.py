"""Escapes text from outside for one line, so that no name can forge a log record."""

import unicodedata

_UNSAFE = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})


def printable(text: str) -> str:
    """Escape characters that move the cursor, end the line or turn the writing direction.

    Escapes control characters, surrogates (undecodable bytes), direction marks, line separators,
    and backslashes, which could imitate an escape: `\\x1b`, `\\u202e` and so on.
    """
    if text.isascii() and text.isprintable() and "\\" not in text:
        return text
    return "".join(_escaped(character) for character in text)


def _escaped(character: str) -> str:
    if character == "\\" or unicodedata.category(character) in _UNSAFE:
        return character.encode("unicode_escape", "surrogatepass").decode("ascii")
    return character

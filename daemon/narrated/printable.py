"""Cleans text from outside: for one line, so that no name can forge a log record, and for files."""

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


def one_line(text: str) -> str:
    """Escape like `printable`, but keep the escapes that the text holds already."""
    return printable(text).replace("\\\\", "\\")


def line_of(text: str) -> str:
    """Put a message on one line, each white space as a blank, with `one_line`'s escapes."""
    return one_line(" ".join(text.split()))


def encodable(text: str) -> str:
    """Replace NULs and undecodable bytes by U+FFFD, so that UTF-8 can encode the text."""
    whole = text.replace("\0", "\ufffd")
    return whole.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def _escaped(character: str) -> str:
    if character == "\\" or unicodedata.category(character) in _UNSAFE:
        return character.encode("unicode_escape", "surrogatepass").decode("ascii")
    return character

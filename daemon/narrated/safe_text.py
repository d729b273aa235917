"""Cleans foreign text for files and messages of narrated."""

from narrated.printable import printable

_BEGINNING_LENGTH = 80


def encodable(text: str) -> str:
    """Replace NULs and undecodable bytes by U+FFFD, so that UTF-8 can encode the text."""
    if text.isascii():
        return text.replace("\0", "\ufffd")
    whole = text.replace("\0", "\ufffd").encode("utf-16", "surrogatepass")
    return whole.decode("utf-16", "replace")


def beginning(text: str) -> str:
    """Return the first words of a text on one line."""
    line = " ".join(encodable(text).split())
    if len(line) <= _BEGINNING_LENGTH:
        return line
    return line[:_BEGINNING_LENGTH].rsplit(" ", 1)[0] + " …"


def line_of(text: str) -> str:
    """Put a message on one line, with control characters escaped.

    Names in it may be escaped already, so that a backslash is kept.
    """
    return "\\".join(printable(piece) for piece in " ".join(text.split()).split("\\"))

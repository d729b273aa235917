"""Words of others made fit to be written: what every file beside a narration goes through."""

from narrated.printable import printable

_BEGINNING_LENGTH = 80


def encodable(text: str) -> str:
    """The text as UTF-8 can hold it: NULs and undecodable bytes become U+FFFD."""
    if text.isascii():
        return text.replace("\0", "\ufffd")
    whole = text.replace("\0", "\ufffd").encode("utf-16", "surrogatepass")
    return whole.decode("utf-16", "replace")


def beginning(text: str) -> str:
    """The first words of a text on one line, to recognise it by."""
    line = " ".join(encodable(text).split())
    if len(line) <= _BEGINNING_LENGTH:
        return line
    return line[:_BEGINNING_LENGTH].rsplit(" ", 1)[0] + " …"


def line_of(text: str) -> str:
    """A sentence of ours on one line that no control character can leave.

    Names in it may be escaped already, so a backslash stays one.
    """
    return "\\".join(printable(piece) for piece in " ".join(text.split()).split("\\"))

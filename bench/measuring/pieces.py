"""What a user puts into an inbox, each file with what ought to become of it."""

import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from random import Random

from measuring import texts

SETTINGS, LEXICON = ".narrated.yaml", "lexicon.yaml"
WRITTEN = "zorblax"
"""A word that stands in every text, and that lexicons say otherwise."""
SMALLEST_PICTURE, LARGEST_PICTURE = 47, 99


class Kind(StrEnum):
    """What a file is to the daemon."""

    TEXT = "text"
    PICTURE = "picture"
    SETTINGS = "settings"
    LEXICON = "lexicon"


@dataclass(frozen=True, slots=True)
class Piece:
    """One version of a file."""

    content: bytes
    kind: Kind
    broken: bool = False
    """A text or picture that cannot be narrated; settings that nothing can be narrated by."""
    shows: tuple[str, ...] = ()
    """Pictures, as the text names them: from its own folder."""
    narrate: bool | None = None
    author: str | None = None
    says: str = ""
    """How a lexicon has `WRITTEN` said."""


class Pen:
    """Writes files that nobody wrote before, some with a fault."""

    def __init__(self, random: Random) -> None:
        self._random = random
        self._numbers: Iterator[int] = itertools.count(1)

    def text(self, suffix: str, pictures: tuple[str, ...] = ()) -> Piece:
        """Write a post, a page or a note; of the first, one in twelve cannot be narrated."""
        draw = self._random.random()
        number = next(self._numbers)
        paragraphs = [texts.note(number + n, number).strip() for n in range(draw < 0.3 and 6 or 2)]
        paragraphs.insert(1, f"This says {WRITTEN} for all.")
        paragraphs.append(texts.note(number % 7, 5).strip())  # which others say too
        matter, broken, narrate, author = "", True, None, None
        match self._random.randrange(48):
            case 0 | 1:
                paragraphs.append("FAIL here.")
            case 2:
                paragraphs.append(f"DIE here, number {number}.")
            case 3:
                matter = "lexicon: missing-lexicon.yaml"
            case 4 | 5:
                matter, narrate, broken = "narrate: false", False, False
            case 6 | 7:
                author, broken = f"Own {texts.mark(number)}", False
                matter = f"author: {author}"
            case 8:
                paragraphs.append("DIEONCE and go on.")
                broken = False
            case _:
                broken = False
        if suffix != ".md":  # the others have no front matter
            if matter:
                matter, broken, narrate, author = "", False, None, None
            pictures = ()
        body = _page if suffix == ".html" else _markdown
        head = f"---\n{matter}\n---\n" if matter else ""
        content = head + body(texts.mark(number), paragraphs, pictures)
        return Piece(content.encode(), Kind.TEXT, broken, pictures, narrate, author)

    def picture(self) -> Piece:
        """Draw a picture; one in twelve is cut off."""
        size = self._random.randint(SMALLEST_PICTURE, LARGEST_PICTURE)
        content = _gif(size, self._random)
        if self._random.randrange(12) == 0:
            return Piece(content[:30], Kind.PICTURE, broken=True)
        return Piece(content, Kind.PICTURE)

    def settings(self) -> Piece:
        """Write a folder's settings: an author mostly, at times a silence or a mistake."""
        number = next(self._numbers)
        match self._random.randrange(10):
            case 0:
                return Piece(b"authr: nobody\n", Kind.SETTINGS, broken=True)
            case 1:
                return Piece(b"narrate: false\n", Kind.SETTINGS, narrate=False)
            case 2:
                return Piece(b"links: announce\n", Kind.SETTINGS)
            case _:
                author = texts.mark(number)
                return Piece(f"author: {author}\n".encode(), Kind.SETTINGS, author=author)

    def lexicon(self) -> Piece:
        """Write a lexicon that has one word said in a new way; one in eight cannot be read."""
        if self._random.randrange(8) == 0:
            return Piece(b"words: [none]\n", Kind.LEXICON, broken=True)
        says = texts.mark(next(self._numbers)).lower()
        return Piece(f"words: {{{WRITTEN}: {says}}}\n".encode(), Kind.LEXICON, says=says)


def _markdown(title: str, paragraphs: list[str], pictures: tuple[str, ...]) -> str:
    shown = [f"![]({name})" for name in pictures]
    return "\n\n".join([f"# {title}", *paragraphs, *shown]) + "\n"


def _page(title: str, paragraphs: list[str], pictures: tuple[str, ...]) -> str:
    said = "".join(f"<p>{each}</p>\n" for each in paragraphs)
    return f"<html><body><h1>{title}</h1>\n{said}</body></html>\n"


def _gif(size: int, random: Random) -> bytes:
    """A picture of one point, of so many bytes by the comment in it."""
    head = b"GIF89a\x01\x00\x01\x00\x80\x00\x00" + random.randbytes(3) + b"\xff\xff\xff"
    image = b"\x2c\x00\x00\x00\x00\x01\x00\x01\x00\x00\x02\x02\x44\x01\x00\x3b"
    room = size - len(head) - len(image) - 4
    comment = bytes(random.choices(range(97, 123), k=room))
    return head + b"\x21\xfe" + bytes([room]) + comment + b"\x00" + image

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
        """Write a post, a page or a note; only a post has front matter, and shows pictures."""
        number = next(self._numbers)
        wish = _Wish()
        if self._random.random() < 0.25:
            wish = self._random.choice(_wishes(number))
        if suffix != ".md":
            pictures = ()
            wish = _Wish() if wish.matter else wish
        length = self._random.choice((2, 2, 6))
        paragraphs = [texts.note(number + n, number).strip() for n in range(length)]
        paragraphs.insert(1, f"This says {WRITTEN} for all.")
        paragraphs.append(texts.note(number % 7, 5).strip())  # which others say too
        paragraphs += [wish.paragraph] if wish.paragraph else []
        body = _page if suffix == ".html" else _markdown
        matter = f"---\n{wish.matter}\n---\n" if wish.matter else ""
        content = matter + body(texts.mark(number), paragraphs, pictures)
        return Piece(content.encode(), Kind.TEXT, wish.broken, pictures, wish.narrate, wish.author)

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


@dataclass(frozen=True, slots=True)
class _Wish:
    """What is odd about a text."""

    matter: str = ""
    """Its front matter."""
    paragraph: str = ""
    broken: bool = False
    narrate: bool | None = None
    author: str | None = None


def _wishes(number: int) -> tuple[_Wish, ...]:
    own = f"Own {texts.mark(number)}"
    return (
        _Wish(paragraph="FAIL here.", broken=True),
        _Wish(paragraph=f"DIE here, number {number}.", broken=True),
        _Wish(paragraph="DIEONCE and go on."),
        _Wish(matter="lexicon: missing-lexicon.yaml", broken=True),
        _Wish(matter="narrate: false", narrate=False),
        _Wish(matter=f"author: {own}", author=own),
    )


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

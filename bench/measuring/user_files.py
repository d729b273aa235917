"""Files that a user puts into an inbox, each with the outcome that is due."""

import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from random import Random
from typing import Any

from measuring import texts

SETTINGS, LEXICON = ".narrated.yaml", "lexicon.yaml"
WRITTEN = "zorblax"
"""A word in every text, which lexicons verbalise otherwise."""
SMALLEST_PICTURE, LARGEST_PICTURE = 47, 99


class Kind(StrEnum):
    """Kind of a file to the daemon."""

    TEXT = "text"
    PICTURE = "picture"
    SETTINGS = "settings"
    LEXICON = "lexicon"


@dataclass(frozen=True, slots=True)
class UserFile:
    """One version of a file."""

    content: bytes
    kind: Kind
    broken: bool = False
    """A text or picture that cannot be narrated; settings that cannot be read."""
    shows: tuple[str, ...] = ()
    """Pictures of its own folder that the text shows."""
    narrate: bool | None = None
    author: str | None = None
    spoken_as: str = ""
    """The lexicon's verbalisation of `WRITTEN`."""


class Writer:
    """Writes files with content of their own, some with a fault."""

    def __init__(self, random: Random) -> None:
        self._random = random
        self._numbers: Iterator[int] = itertools.count(1)

    def text(self, suffix: str, pictures: tuple[str, ...] = ()) -> UserFile:
        """Write a post, a page or a note; only a post has front matter, and shows pictures."""
        number = next(self._numbers)
        matter, odd, outcome = "", "", {}
        if self._random.random() < 0.25:
            matter, odd, outcome = self._random.choice(_oddities(number))
        if suffix != ".md":
            pictures = ()
            matter, odd, outcome = ("", "", {}) if matter else (matter, odd, outcome)
        length = self._random.choice((2, 2, 6))
        paragraphs = [texts.note(number + n, number).strip() for n in range(length)]
        paragraphs.insert(1, f"This says {WRITTEN} for all.")
        paragraphs.append(texts.note(number % 7, 5).strip())  # which other texts have, too
        paragraphs += [odd] if odd else []
        body = _page if suffix == ".html" else _markdown
        front_matter = f"---\n{matter}\n---\n" if matter else ""
        content = front_matter + body(texts.mark(number), paragraphs, pictures)
        return UserFile(content.encode(), Kind.TEXT, shows=pictures, **outcome)

    def picture(self) -> UserFile:
        """Draw a picture; one in twelve is cut off."""
        size = self._random.randint(SMALLEST_PICTURE, LARGEST_PICTURE)
        content = _gif(size, self._random)
        if self._random.randrange(12) == 0:
            return UserFile(content[:30], Kind.PICTURE, broken=True)
        return UserFile(content, Kind.PICTURE)

    def settings(self) -> UserFile:
        """Write a folder's settings: an author mostly, at times `narrate: false` or a mistake."""
        author = texts.mark(next(self._numbers))
        odd = {
            0: UserFile(b"authr: nobody\n", Kind.SETTINGS, broken=True),
            1: UserFile(b"narrate: false\n", Kind.SETTINGS, narrate=False),
            2: UserFile(b"links: announce\n", Kind.SETTINGS),
        }
        usual = UserFile(f"author: {author}\n".encode(), Kind.SETTINGS, author=author)
        return odd.get(self._random.randrange(10), usual)

    def lexicon(self) -> UserFile:
        """Write a lexicon that verbalises one word in a new way; one in eight cannot be read."""
        if self._random.randrange(8) == 0:
            return UserFile(b"words: [none]\n", Kind.LEXICON, broken=True)
        spoken_as = texts.mark(next(self._numbers)).lower()
        content = f"words: {{{WRITTEN}: {spoken_as}}}\n".encode()
        return UserFile(content, Kind.LEXICON, spoken_as=spoken_as)


def _oddities(number: int) -> tuple[tuple[str, str, dict[str, Any]], ...]:
    """Front matter, a paragraph, and the outcome that is due."""
    own = f"Own {texts.mark(number)}"
    return (
        ("", "FAIL here.", {"broken": True}),
        ("", f"DIE here, number {number}.", {"broken": True}),
        ("", "DIEONCE and go on.", {}),
        ("lexicon: missing-lexicon.yaml", "", {"broken": True}),
        ("narrate: false", "", {"narrate": False}),
        (f"author: {own}", "", {"author": own}),
    )


def _markdown(title: str, paragraphs: list[str], pictures: tuple[str, ...]) -> str:
    shown = [f"![]({name})" for name in pictures]
    return "\n\n".join([f"# {title}", *paragraphs, *shown]) + "\n"


def _page(title: str, paragraphs: list[str], pictures: tuple[str, ...]) -> str:
    paragraphs_html = "".join(f"<p>{each}</p>\n" for each in paragraphs)
    return f"<html><body><h1>{title}</h1>\n{paragraphs_html}</body></html>\n"


def _gif(size: int, random: Random) -> bytes:
    """A GIF of one pixel, of so many bytes by the comment in it."""
    head = b"GIF89a\x01\x00\x01\x00\x80\x00\x00" + random.randbytes(3) + b"\xff\xff\xff"
    image = b"\x2c\x00\x00\x00\x00\x01\x00\x01\x00\x00\x02\x02\x44\x01\x00\x3b"
    room = size - len(head) - len(image) - 4
    comment = bytes(random.choices(range(97, 123), k=room))
    return head + b"\x21\xfe" + bytes([room]) + comment + b"\x00" + image

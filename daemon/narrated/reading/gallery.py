"""A gallery: the pictures of one folder as one document, if the folder's settings ask for it.

The source of a gallery is the settings file itself, so that it has a path, a version and a life in
the inbox as every other source has.
"""

import os
import posixpath
import re
from collections.abc import Iterable
from urllib.parse import quote

from narrated.reading.document import Blocks, Document, Paragraph, Picture, Text
from narrated.reading.narration_settings import NarrationSettings
from narrated.reading.title_from_path import path_facts

_DIGITS = re.compile(r"(\d+)")
_FOLDERS_OWN = "index"
"""A file of this name has the title and the date of its folder."""
NO_GALLERY = Document("text", "", "name", (), NarrationSettings(narrate=False))


def gallery_document(own: NarrationSettings, folder: str, pictures: Iterable[str]) -> Document:
    """Make the document of a folder: its description, then its pictures in natural order.

    `own` are the settings of the folder itself; `pictures` are names of files. Without
    `gallery: true` it is a document that nobody narrates, as it is without a picture.
    """
    if not own.gallery:
        return NO_GALLERY
    names = sorted(pictures, key=natural_order)
    told = own.description or ""
    about: list[Blocks] = [Paragraph((Text(told),))] if told else []
    shown = [Picture(quote(os.fsencode(name))) for name in names]
    facts = path_facts(posixpath.join(folder, _FOLDERS_OWN))
    title = own.title or (facts.title if folder else "Pictures")
    return Document(
        "gallery",
        title,
        "front matter" if own.title else "name",
        (*about, *shown) if shown else (),
        NarrationSettings(description=own.description, narrate=None if shown else False),
        path_date=facts.date if folder else "",
    )


def natural_order(name: str) -> tuple[list[str | int], str]:
    """Return a sort key that puts `2.jpg` before `10.jpg`."""
    parts = enumerate(_DIGITS.split(name.casefold()))
    return [int(part) if at % 2 else part for at, part in parts], name

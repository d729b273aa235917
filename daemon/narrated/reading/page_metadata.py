"""What a page says of itself, where a text of ours has front matter."""

import re

from bs4 import BeautifulSoup

from narrated.reading.dates import day
from narrated.reading.document import FrontMatter

_LANGUAGE = re.compile(r"[A-Za-z]{2,3}(?:-[A-Za-z0-9]{1,8})*")
_AUTHORS = ("author", "article:author", "dc.creator", "dcterms.creator")
_DATES = ("article:published_time", "date", "datepublished", "dc.date", "dcterms.created")
_LONGEST = 200


def about(tree: BeautifulSoup) -> FrontMatter:
    """Find the language, the author and the date that a page names."""
    language = str(tree.html.get("lang", "")) if tree.html else ""
    language = language.strip().replace("_", "-")
    said = _said(tree)
    date = _first(said, _DATES)
    return FrontMatter(
        language=language if _LANGUAGE.fullmatch(language) else None,
        author=_first(said, _AUTHORS),
        date=day(date) if date else None,
    )


def _said(tree: BeautifulSoup) -> dict[str, str]:
    """The first value of each name that the page's <meta> elements give."""
    said: dict[str, str] = {}
    for tag in tree.find_all("meta"):
        text = " ".join(str(tag.get("content", "")).split())
        # An author may be given as the address of a page, which names nobody.
        if text and len(text) <= _LONGEST and "://" not in text:
            for key in ("name", "property", "itemprop"):
                said.setdefault(str(tag.get(key, "")).lower(), text)
    return said


def _first(said: dict[str, str], names: tuple[str, ...]) -> str | None:
    return next((said[name] for name in names if name in said), None)

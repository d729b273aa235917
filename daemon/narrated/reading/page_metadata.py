"""Reads the metadata of an HTML page: language, author and date."""

import re

from bs4 import BeautifulSoup

from narrated.reading.metadata import Metadata, without_time

_LANGUAGE = re.compile(r"[A-Za-z]{2,3}(?:-[A-Za-z0-9]{1,8})*")
_AUTHORS = ("author", "article:author", "dc.creator", "dcterms.creator")
_DATES = ("article:published_time", "date", "datepublished", "dc.date", "dcterms.created")
_LONGEST = 200


def page_metadata(tree: BeautifulSoup) -> Metadata:
    """Return the language, the author and the date that a page declares."""
    language = str(tree.html.get("lang", "")) if tree.html else ""
    language = language.strip().replace("_", "-")
    values = _meta_values(tree)
    date = _first(values, _DATES)
    return Metadata(
        language=language if _LANGUAGE.fullmatch(language) else None,
        author=_first(values, _AUTHORS),
        date=without_time(date) if date else None,
    )


def _meta_values(tree: BeautifulSoup) -> dict[str, str]:
    """The first value of each name in the page's <meta> elements."""
    values: dict[str, str] = {}
    for tag in tree.find_all("meta"):
        text = " ".join(str(tag.get("content", "")).split())
        # Some pages give an address as the author; an address names nobody.
        if text and len(text) <= _LONGEST and "://" not in text:
            for key in ("name", "property", "itemprop"):
                values.setdefault(str(tag.get(key, "")).lower(), text)
    return values


def _first(values: dict[str, str], names: tuple[str, ...]) -> str | None:
    return next((values[name] for name in names if name in values), None)

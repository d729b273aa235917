"""Metadata that a page embeds as data (JSON-LD, Distill's front matter), and its own title."""

import json
import re
from collections.abc import Iterator, Mapping
from typing import NamedTuple

from bs4 import BeautifulSoup

from narrated.errors import SourceError
from narrated.reading.metadata_values import author_value
from narrated.reading.yaml_toml import load_yaml

_SITE_NAMES = ("og:site_name", "application-name", "apple-mobile-web-app-title")
_JOINT = r"\s*[|\-–—·•:»«/~]\s*"
_JSON = ("application/ld+json", "text/json", "application/json")
_DISTILL = "text/front-matter"
_LONGEST_DATA = 200_000
_MOST_SCRIPTS = 20
_MOST_PARTS = 200
_ARTICLES = re.compile(r"article|posting|report|webpage|creativework|chapter|book", re.I)


class Embedded(NamedTuple):
    """The author and the date that a page embeds; "" where it does not."""

    author: str = ""
    date: str = ""


def own_title(title: str, values: Mapping[str, str]) -> str:
    """Return a page's title without the site's name: "A post | The site"; `values`: <meta>."""
    own_words = values.get("og:title", "")
    if own_words and title.startswith(own_words):
        title = own_words
    for site in filter(None, map(values.get, _SITE_NAMES)):
        name = re.escape(site)
        bare = re.sub(rf"{_JOINT}{name}\s*\Z|\A\s*{name}{_JOINT}", "", title, flags=re.I)
        if bare.strip():
            title = bare.strip()
    return title


def embedded_metadata(tree: BeautifulSoup) -> Embedded:
    """Read the first author and the first date that the data of a page gives."""
    author = date = ""
    for part in _parts(tree):
        author = author or _author(part)
        written = part.get("datePublished") or part.get("publishedDate")
        date = date or (written if isinstance(written, str) else "")
    return Embedded(author, date)


def _parts(tree: BeautifulSoup) -> Iterator[dict[str, object]]:
    kinds = (*_JSON, _DISTILL)
    for script in tree.find_all("script", type=kinds, limit=_MOST_SCRIPTS):
        is_distill = script.get("type") == _DISTILL or bool(script.find_parent("d-front-matter"))
        is_linked = script.get("type") == _JSON[0]
        text = script.string or ""
        if not (is_distill or is_linked) or len(text) > _LONGEST_DATA:
            continue
        for part in _mappings(_loaded(text)):
            if is_distill or _is_article(part):
                yield part


def _loaded(text: str) -> object:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        pass
    try:
        return load_yaml(text, "The page")
    except SourceError:
        return None


def _mappings(data: object) -> Iterator[dict[str, object]]:
    """Yield the mapping, those of a list, and those of a graph."""
    graph = data.get("@graph") if isinstance(data, dict) else None
    listed = data if isinstance(data, list) else graph if isinstance(graph, list) else [data]
    yield from (each for each in listed[:_MOST_PARTS] if isinstance(each, dict))


def _is_article(part: Mapping[str, object]) -> bool:
    return bool(_ARTICLES.search(str(part.get("@type", ""))[:100]))


def _author(part: Mapping[str, object]) -> str:
    written = part.get("author") or part.get("authors")
    names = [_name(each) for each in (written if isinstance(written, list) else [written])]
    value = author_value([name for name in names if name])
    return value if isinstance(value, str) else ""


def _name(written: object) -> str:
    """Return a name; Distill writes `{author: Ada}`, or `- Ada: https://…`."""
    if isinstance(written, dict):
        own = written.get("name") or written.get("author")
        first = next(iter(written), "")
        is_linked = len(written) == 1 and str(next(iter(written.values()))).startswith("http")
        written = own or (first if is_linked else "")
    is_name = isinstance(written, str) and "://" not in written
    return " ".join(str(written).split()) if is_name else ""

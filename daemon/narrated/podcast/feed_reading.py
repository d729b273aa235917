"""Reads a feed as its readers do, for the check of its rules; it trusts nothing in it."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple
from urllib.parse import unquote_to_bytes

from lxml import etree

ITUNES = "{http://www.itunes.com/dtds/podcast-1.0.dtd}"
PODCAST = "{https://podcastindex.org/namespace/1.0}"
ATOM = "{http://www.w3.org/2005/Atom}"
CONTENT = "{http://purl.org/rss/1.0/modules/content/}"

_WEB_PAGE = re.compile(rb"\s{0,99}<(?:!doctype\s+html|html)\b", re.I)
_WHOLE = re.compile(r"[0-9]{1,18}")


class NoFeed(ValueError):
    """The content is no RSS; the message says why."""


class CoverFacts(NamedTuple):
    """The facts of a cover, in the words of Pillow."""

    kind: str
    mode: str
    width: int
    height: int


@dataclass(frozen=True, slots=True)
class FeedElement:
    """A channel, or an item of one."""

    element: etree._Element
    files: dict[str, int]
    """The sizes of the files of the outbox that the feed names, by their paths."""
    base_url: str
    """The address of the feed's folder; empty if nobody serves it."""
    folder: str = ""
    """The outbox path of that folder."""
    covers: Mapping[str, CoverFacts] = field(default_factory=dict)
    """The covers that were looked at, by their paths."""

    @property
    def name(self) -> str:
        """The title of an item, as far as it has one."""
        return self.text("title") or "an item without a title"

    def text(self, tag: str) -> str:
        """The text of the first element of this name; empty if there is none."""
        return str(self.element.findtext(tag) or "").strip()

    def all(self, tag: str) -> list[etree._Element]:
        """All elements of this name."""
        return list(self.element.findall(tag))

    def attribute(self, tag: str, name: str) -> str:
        """An attribute of the first element of this name; empty if there is none."""
        found = self.element.find(tag)
        return "" if found is None else str(found.get(name, ""))

    def path(self, address: str) -> str | None:
        """The path in the outbox that an address leads to; None if it leads elsewhere."""
        if not address.startswith(self.base_url):
            return None
        written = unquote_to_bytes(address.removeprefix(self.base_url))
        below = written.decode("utf-8", "surrogateescape")
        return f"{self.folder}/{below}" if self.folder else below

    def is_there(self, address: str) -> bool:
        """True if a file stands where an address leads, or nobody can tell."""
        path = self.path(address)
        return path is None or path in self.files


@dataclass(frozen=True, slots=True)
class ReadFeed:
    """A feed: its channel and its items, in their order."""

    channel: FeedElement
    items: tuple[FeedElement, ...]


def whole_number(written: str) -> int | None:
    """Return a number that somebody wrote; None for one that no file, and no time, can have."""
    return int(written) if _WHOLE.fullmatch(written) else None


def parse_feed(content: bytes) -> etree._Element:
    """Return the channel of a feed. Errors: NoFeed."""
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False)
    try:
        root = etree.fromstring(content, parser)
    except (etree.XMLSyntaxError, ValueError) as error:
        raise NoFeed(_why_not_xml(content, getattr(error, "lineno", None))) from error
    channel = root.find("channel") if root.tag == "rss" else None
    if channel is None:
        raise NoFeed("it is not RSS")
    return channel


def _why_not_xml(content: bytes, line: int | None) -> str:
    if _WEB_PAGE.match(content):
        return "it is a web page"
    return f"it is not XML (line {line})" if line else "it is not XML"


def addresses(channel: etree._Element) -> Iterator[str]:
    """Yield all addresses of files in a feed."""
    for each in channel.iter("enclosure", f"{PODCAST}transcript", f"{PODCAST}chapters"):
        yield str(each.get("url", ""))
    yield from cover_addresses(channel)


def cover_addresses(channel: etree._Element) -> Iterator[str]:
    """Yield the addresses of all covers in a feed."""
    for each in channel.iter(f"{ITUNES}image"):
        yield str(each.get("href", ""))


def own_folder(channel: etree._Element) -> str:
    """Return the address of the folder in which a feed says it is; empty if it says none."""
    for each in channel.iter(f"{ATOM}link"):
        if each.get("rel") == "self":
            return str(each.get("href", "")).rpartition("/")[0] + "/"
    return ""

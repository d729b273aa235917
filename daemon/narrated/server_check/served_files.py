"""Asks for the files of a feed as players do: the head, a part, a part of an older version."""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from urllib.parse import urljoin

from lxml import etree

from narrated.podcast.feed_reading import ITUNES, PODCAST, whole_number
from narrated.server_check.http_client import Answer, HttpClient, NoAnswer

OLD_TAG = '"of-an-older-version"'
"""An ETag that no server gives: a download that was begun before the file changed."""

_PART_FIRST, _PART_BYTES = 1, 1024


class Kind(StrEnum):
    """The use of a file in a feed."""

    SOUND = "sound"
    TRANSCRIPT = "transcript"
    CHAPTERS = "chapters"
    COVER = "cover"


@dataclass(frozen=True, slots=True)
class NamedFile:
    """A file as the feed names it."""

    address: str
    kind: Kind
    type: str = ""
    """The type in the feed; empty if it gives none."""
    bytes: int | None = None


@dataclass(frozen=True, slots=True)
class ServedFile:
    """A file as the server gives it."""

    file: NamedFile
    problem: str = ""
    """The reason if there was no answer."""
    head: Answer | None = None
    taken: Answer | None = None
    """The answer to GET; None if nobody asked, since that to HEAD was well."""
    part: Answer | None = None
    """The answer to a range; None if nobody asked for one."""
    old_part: Answer | None = None
    """The answer to the same range of an older version."""

    @property
    def asked_range(self) -> range:
        """The bytes that `part` was asked for."""
        return _range(self.head.length or 0 if self.head else 0)


def named_files(channel: etree._Element, base: str) -> Iterator[NamedFile]:
    """Yield each file that a feed names, once, in the order of the feed.

    `base` is the address of the feed, which relative ones go by.
    """
    met: set[str] = set()
    for each in (_of_element(element, base) for element in channel.iter()):
        if each is not None and each.address not in met:
            met.add(each.address)
            yield each


def ask_for(client: HttpClient, file: NamedFile, *, with_ranges: bool) -> ServedFile:
    """Ask for a file as a player does."""
    try:
        head = client.ask("HEAD", file.address)
        if head.status != 200:
            taken = client.ask("GET", file.address, headers={"Range": "bytes=0-0"})
            return ServedFile(file, head=head, taken=taken)
        asked = _range(head.length or 0)
        if not (with_ranges and asked):
            return ServedFile(file, head=head)
        wanted = {"Range": f"bytes={asked.start}-{asked.stop - 1}"}
        part = client.ask("GET", file.address, most_bytes=_PART_BYTES, headers=wanted)
        of_old = {**wanted, "If-Range": OLD_TAG}
        old_part = client.ask("GET", file.address, headers=of_old)
        return ServedFile(file, head=head, part=part, old_part=old_part)
    except NoAnswer as error:
        return ServedFile(file, str(error))


def _range(length: int) -> range:
    return range(_PART_FIRST, min(length, _PART_FIRST + _PART_BYTES))


def _of_element(element: etree._Element, base: str) -> NamedFile | None:
    match element.tag:
        case "enclosure":
            length = whole_number(str(element.get("length", "")))
            return _file(element, "url", base, Kind.SOUND, length)
        case tag if tag == f"{PODCAST}transcript":
            return _file(element, "url", base, Kind.TRANSCRIPT)
        case tag if tag == f"{PODCAST}chapters":
            return _file(element, "url", base, Kind.CHAPTERS)
        case tag if tag == f"{ITUNES}image":
            return _file(element, "href", base, Kind.COVER)
    return None


def _file(
    element: etree._Element, name: str, base: str, kind: Kind, length: int | None = None
) -> NamedFile | None:
    written = str(element.get(name, "")).strip()
    if not written:
        return None  # a rule of the feed says so
    try:
        address = urljoin(base, written)
    except ValueError:
        address = written
    return NamedFile(address, kind, str(element.get("type", "")), length)

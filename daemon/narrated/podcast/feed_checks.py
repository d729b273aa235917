"""Breaches of a feed's rules: questions about its channel, its items and their files."""

import re
import time
import uuid
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from email.utils import parsedate_to_datetime
from itertools import pairwise
from urllib.parse import SplitResult, urlsplit

from narrated.podcast.categories import category
from narrated.podcast.content_elements import content_elements, picture_addresses
from narrated.podcast.episode import SOUNDS
from narrated.podcast.episode_text import MOST_DESCRIPTION_BYTES
from narrated.podcast.feed_reading import (
    ATOM,
    CONTENT,
    ITUNES,
    PODCAST,
    FeedElement,
    ReadFeed,
    whole_number,
)
from narrated.podcast.show import COVER_SIDE
from narrated.reading.language_tags import language_tag

APPLE_SUFFIXES = (".mp3", ".m4a")
_APPLE_ADDRESS = re.compile(r"[A-Za-z0-9/._-]*")
_TRANSCRIPT_TYPES = ("text/vtt", "application/x-subrip", "application/json", "text/plain")
_APPLE_TRANSCRIPTS = ("text/vtt", "application/x-subrip")
_COVER_SUFFIXES = (".jpg", ".jpeg", ".png")
_LARGEST_COVER = 3000
_LONGEST_PERSON = 128
"""In signs, by the namespace."""

Finds = Callable[[ReadFeed], Iterable[str]]


def of_channel(is_broken: Callable[[FeedElement], bool]) -> Finds:
    """Find the channel, if this is true of it."""
    return lambda feed: ["the feed"] if is_broken(feed.channel) else []


def of_items(is_broken: Callable[[FeedElement], bool]) -> Finds:
    """Find the titles of all items of which this is true."""
    return lambda feed: (item.name for item in feed.items if is_broken(item))


def repeated(value: Callable[[FeedElement], str]) -> Finds:
    """Find the titles of items that share a value."""

    def find(feed: ReadFeed) -> Iterator[str]:
        counts = Counter(map(value, feed.items))
        return (item.name for item in feed.items if counts[value(item)] > 1)

    return find


def has_no_category(channel: FeedElement) -> bool:
    """True if the show has none of Apple's categories."""
    named = (str(each.get("text", "")) for each in channel.all(f"{ITUNES}category"))
    return not any(map(category, named))


def is_too_long(element: FeedElement) -> bool:
    """True if a description is too long for Apple."""
    return len(element.text("description").encode()) > MOST_DESCRIPTION_BYTES


def sound(item: FeedElement, name: str = "url") -> str:
    """Return an attribute of the sound of an episode."""
    return item.attribute("enclosure", name)


def sound_path(item: FeedElement) -> str:
    """Return the path in the address of an episode's sound."""
    return _parts(sound(item)).path


def is_relative(item: FeedElement) -> bool:
    """True if the address of a sound has no scheme."""
    return _parts(sound(item)).scheme not in ("http", "https")


def sound_bytes(item: FeedElement) -> int:
    """Return the told length of a sound; 0 if none is told."""
    return whole_number(sound(item, "length")) or 0


def refused_names(feed: ReadFeed) -> Iterator[str]:
    """The files whose addresses have more than letters and digits."""
    for item in feed.items:
        if not _APPLE_ADDRESS.fullmatch(sound_path(item)):
            yield item.path(sound(item)) or sound(item)


def has_other_size(item: FeedElement) -> bool:
    """True if a sound that is there has another length than is told."""
    path = item.path(sound(item))
    return path is not None and item.files.get(path, sound_bytes(item)) != sound_bytes(item)


def dated_s(item: FeedElement) -> float | None:
    """Return the date of an episode in seconds; None if it has none."""
    with suppress(ValueError, TypeError, OverflowError):
        return parsedate_to_datetime(item.text("pubDate")).timestamp()
    return None


def is_in_the_future(item: FeedElement) -> bool:
    """True if an episode is of a time to come."""
    found_s = dated_s(item)
    return found_s is not None and found_s > time.time()


def has_no_duration(item: FeedElement) -> bool:
    """True if an episode does not tell its duration."""
    return not whole_number(item.text(f"{ITUNES}duration"))


def has_strange_transcript(item: FeedElement) -> bool:
    """True if a transcript has a type that players do not know."""
    kinds = (each.get("type") for each in item.all(f"{PODCAST}transcript"))
    return any(kind not in _TRANSCRIPT_TYPES for kind in kinds)


def has_strange_chapters(item: FeedElement) -> bool:
    """True if chapters have a type that players do not know."""
    kinds = (each.get("type") for each in item.all(f"{PODCAST}chapters"))
    return any(kind != "application/json+chapters" for kind in kinds)


def lacks_a_file(item: FeedElement) -> bool:
    """True if a transcript, a cover or chapters are not there."""
    linked = (*item.all(f"{PODCAST}transcript"), *item.all(f"{PODCAST}chapters"))
    addresses = [str(each.get("url", "")) for each in linked]
    addresses += [str(each.get("href", "")) for each in item.all(f"{ITUNES}image")]
    return not all(map(item.is_there, addresses))


def has_no_guid(channel: FeedElement) -> bool:
    """True if the show has no number."""
    with suppress(ValueError):
        uuid.UUID(channel.text(f"{PODCAST}guid"))
        return False
    return True


def is_elsewhere(channel: FeedElement) -> bool:
    """True if the feed tells another address than its own."""
    links = [each for each in channel.all(f"{ATOM}link") if each.get("rel") == "self"]
    return bool(channel.base_url) and not any(
        str(each.get("href", "")).startswith(channel.base_url) for each in links
    )


def misnumbered(feed: ReadFeed) -> list[str]:
    """The titles of episodes of a serial that have another number than their place."""
    if feed.channel.text(f"{ITUNES}type") != "serial":
        return []
    last = len(feed.items)
    return [
        item.name
        for place, item in enumerate(feed.items)
        if item.text(f"{ITUNES}episode") != str(last - place)
    ]


def has_other_type(item: FeedElement) -> bool:
    """True if a sound's type is not that of its suffix."""
    suffix = "." + sound_path(item).rpartition(".")[2]
    return SOUNDS.get(suffix, sound(item, "type")) != sound(item, "type")


def is_password_told(element: FeedElement) -> bool:
    """True if an address has a name or a password."""
    return any("@" in _parts(each).netloc for each in _addresses(element))


def has_strange_file(item: FeedElement) -> bool:
    """True if a cover, transcript or chapters alone have more than letters and digits in it."""
    own = sound(item)
    others = (_parts(each).path for each in _addresses(item) if each != own)
    is_plain = _APPLE_ADDRESS.fullmatch(sound_path(item))
    return bool(is_plain) and not all(map(_APPLE_ADDRESS.fullmatch, others))


def has_strange_cover(element: FeedElement) -> bool:
    """True if a cover is no JPEG or PNG by its address."""
    address = element.attribute(f"{ITUNES}image", "href")
    return bool(address) and not _parts(address).path.lower().endswith(_COVER_SUFFIXES)


def has_cover_of_other_size(element: FeedElement) -> bool:
    """True if a cover that is there is no square of RGB of the size that Apple takes."""
    path = element.path(element.attribute(f"{ITUNES}image", "href"))
    found = element.covers.get(path or "")
    if found is None:
        return False
    is_square = found.width == found.height and COVER_SIDE <= found.width <= _LARGEST_COVER
    return not (is_square and found.kind in ("JPEG", "PNG") and found.mode == "RGB")


def has_other_images(element: FeedElement) -> bool:
    """True if `podcast:images` does not have the cover that Apple is told of."""
    address = element.attribute(f"{ITUNES}image", "href")
    named = element.attribute(f"{PODCAST}images", "srcset")
    return bool(address) and address not in [each.split()[0] for each in _candidates(named)]


def has_other_images_somewhere(feed: ReadFeed) -> Iterator[str]:
    """The show, or the episodes, whose `podcast:images` has another cover."""
    if has_other_images(feed.channel):
        yield "the feed"
    yield from (item.name for item in feed.items if has_other_images(item))


def is_locked_by_nobody(channel: FeedElement) -> bool:
    """True if the feed is locked, and no owner is named who could unlock it."""
    is_locked = channel.text(f"{PODCAST}locked") == "yes"
    return is_locked and "@" not in channel.attribute(f"{PODCAST}locked", "owner")


def tells_no_machine(channel: FeedElement) -> bool:
    """True if the feed does not tell that a machine speaks."""
    return not any(each.get("purpose") == "ai-content" for each in channel.all(f"{PODCAST}txt"))


def is_guid_taken_for_a_link(item: FeedElement) -> bool:
    """True if a number counts as an address, as it does without `isPermaLink`."""
    is_link = item.attribute("guid", "isPermaLink") != "false"
    return is_link and not item.text("guid").startswith(("http:", "https:"))


def out_of_order(feed: ReadFeed) -> Iterator[str]:
    """The titles of the episodes that follow an older one."""
    dated = [(item.name, dated_s(item)) for item in feed.items]
    for (_, before), (name, after) in pairwise(dated):
        if before is not None and after is not None and after > before:
            yield name


def has_no_transcript_of_apple(item: FeedElement) -> bool:
    """True if an episode has transcripts, but none that Apple takes."""
    kinds = [each.get("type") for each in item.all(f"{PODCAST}transcript")]
    return bool(kinds) and not any(kind in _APPLE_TRANSCRIPTS for kind in kinds)


def has_transcript_of_no_language(item: FeedElement) -> bool:
    """True if a transcript tells a language that is none."""
    told = (str(each.get("language", "en")) for each in item.all(f"{PODCAST}transcript"))
    return not all(map(language_tag, told))


def has_strange_person(item: FeedElement) -> bool:
    """True if a person has no name, or one that is too long for the namespace."""
    people = (str(each.text or "").strip() for each in item.all(f"{PODCAST}person"))
    return any(not 0 < len(each) <= _LONGEST_PERSON for each in people)


def has_active_text(item: FeedElement) -> bool:
    """True if the text of an episode has what players must not run."""
    return any(each.is_active for each in content_elements(item.text(f"{CONTENT}encoded")))


def has_relative_picture(item: FeedElement) -> bool:
    """True if the text of an episode shows a picture whose address no player can resolve."""
    shown = picture_addresses(item.text(f"{CONTENT}encoded"))
    return any(_parts(each).scheme not in ("http", "https") for each in shown)


def _parts(address: str) -> SplitResult:
    """Split an address, which may be anybody's."""
    with suppress(ValueError):
        return urlsplit(address)
    return urlsplit("")


def _candidates(srcset: str) -> list[str]:
    return [each for each in srcset.split(",") if each.strip()]


def _addresses(element: FeedElement) -> Iterator[str]:
    """All addresses of files that an element itself names."""
    for tag in ("enclosure", f"{PODCAST}transcript", f"{PODCAST}chapters"):
        yield from (str(each.get("url", "")) for each in element.all(tag))
    yield from (str(each.get("href", "")) for each in element.all(f"{ITUNES}image"))

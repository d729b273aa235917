"""The rules of Apple, Spotify, players and Podcasting 2.0 for a feed, a row each.

https://podcasters.apple.com/support/823-podcast-requirements
https://support.spotify.com/us/creators/article/podcast-specification-doc/
https://podcasting2.org/docs/podcast-namespace
"""

import re
import time
import uuid
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from urllib.parse import urlsplit

from narrated.podcast.categories import category
from narrated.podcast.episode import SOUNDS
from narrated.podcast.episode_text import MOST_DESCRIPTION_BYTES
from narrated.podcast.feed_reading import ATOM, ITUNES, PODCAST, FeedElement, ReadFeed
from narrated.reading.language_tags import language_tag

LEAST_KNOWN_BYTES = 16_384
"""AntennaPod takes a smaller sound for one whose length nobody knows."""

_APPLE_SUFFIXES = (".mp3", ".m4a")
_APPLE_ADDRESS = re.compile(r"[A-Za-z0-9/._~-]*")
_TRANSCRIPT_TYPES = ("text/vtt", "application/x-subrip", "application/json", "text/plain")
_MEDIA = ("podcast", "music", "video", "film", "audiobook", "newsletter", "blog", "course")

Finds = Callable[[ReadFeed], Iterable[str]]


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule of a feed."""

    key: str
    asked_by: str
    breach: str
    """The breach, as a sentence."""
    remedy: str
    finds: Finds
    """Yields what breaks it: titles of items, or the value in question."""
    refuses: bool = True
    """True if whoever asks for it refuses the feed, or an episode; else something looks worse."""


def broken(feed: ReadFeed) -> Iterator[tuple[Rule, list[str]]]:
    """Yield each rule that a feed breaks, with what breaks it."""
    for rule in RULES:
        if found := list(rule.finds(feed)):
            yield rule, found


def _channel(is_broken: Callable[[FeedElement], bool]) -> Finds:
    """Find the channel, if this is true of it."""
    return lambda feed: ["the feed"] if is_broken(feed.channel) else []


def _items(is_broken: Callable[[FeedElement], bool]) -> Finds:
    """Find the titles of all items of which this is true."""
    return lambda feed: (item.name for item in feed.items if is_broken(item))


def _repeated(value: Callable[[FeedElement], str]) -> Finds:
    """Find the titles of items that share a value."""

    def find(feed: ReadFeed) -> Iterator[str]:
        counts = Counter(map(value, feed.items))
        return (item.name for item in feed.items if counts[value(item)] > 1)

    return find


def _has_no_category(channel: FeedElement) -> bool:
    named = (str(each.get("text", "")) for each in channel.all(f"{ITUNES}category"))
    return not any(map(category, named))


def _is_too_long(element: FeedElement) -> bool:
    return len(element.text("description").encode()) > MOST_DESCRIPTION_BYTES


def _sound(item: FeedElement, name: str = "url") -> str:
    return item.attribute("enclosure", name)


def _path(item: FeedElement) -> str:
    return urlsplit(_sound(item)).path


def _is_relative(item: FeedElement) -> bool:
    return urlsplit(_sound(item)).scheme not in ("http", "https")


def _size(item: FeedElement) -> int:
    written = _sound(item, "length")
    return int(written) if written.isascii() and written.isdigit() else 0


def _refused_names(feed: ReadFeed) -> Iterator[str]:
    """The files whose addresses have more than letters and digits."""
    for item in feed.items:
        if not _APPLE_ADDRESS.fullmatch(_path(item)):
            yield item.path(_sound(item)) or _sound(item)


def _has_other_size(item: FeedElement) -> bool:
    path = item.path(_sound(item))
    return path is not None and item.files.get(path, _size(item)) != _size(item)


def _dated_s(item: FeedElement) -> float | None:
    with suppress(ValueError, TypeError, OverflowError):
        return parsedate_to_datetime(item.text("pubDate")).timestamp()
    return None


def _is_in_the_future(item: FeedElement) -> bool:
    dated_s = _dated_s(item)
    return dated_s is not None and dated_s > time.time()


def _has_no_duration(item: FeedElement) -> bool:
    written = item.text(f"{ITUNES}duration")
    return not (written.isascii() and written.isdigit() and int(written) > 0)


def _has_strange_transcript(item: FeedElement) -> bool:
    kinds = (each.get("type") for each in item.all(f"{PODCAST}transcript"))
    return any(kind not in _TRANSCRIPT_TYPES for kind in kinds)


def _has_strange_chapters(item: FeedElement) -> bool:
    kinds = (each.get("type") for each in item.all(f"{PODCAST}chapters"))
    return any(kind != "application/json+chapters" for kind in kinds)


def _lacks_a_file(item: FeedElement) -> bool:
    linked = (*item.all(f"{PODCAST}transcript"), *item.all(f"{PODCAST}chapters"))
    addresses = [str(each.get("url", "")) for each in linked]
    addresses += [str(each.get("href", "")) for each in item.all(f"{ITUNES}image")]
    return not all(map(item.is_there, addresses))


def _has_no_guid(channel: FeedElement) -> bool:
    with suppress(ValueError):
        uuid.UUID(channel.text(f"{PODCAST}guid"))
        return False
    return True


def _is_elsewhere(channel: FeedElement) -> bool:
    links = [each for each in channel.all(f"{ATOM}link") if each.get("rel") == "self"]
    return bool(channel.base_url) and not any(
        str(each.get("href", "")).startswith(channel.base_url) for each in links
    )


def _misnumbered(feed: ReadFeed) -> list[str]:
    """The titles of episodes of a serial that have another number than their place."""
    if feed.channel.text(f"{ITUNES}type") != "serial":
        return []
    last = len(feed.items)
    return [
        item.name
        for place, item in enumerate(feed.items)
        if item.text(f"{ITUNES}episode") != str(last - place)
    ]


_AGAIN = "Run `narrated refresh` for it; report a bug if the feed stays so."
_SERVE = "Set `podcast: {base_url: …}`: docs/podcast.md."

RULES: tuple[Rule, ...] = (
    Rule("title", "RSS", "The show has no title.", "Set `podcast: {title: …}`.",
         _channel(lambda each: not each.text("title"))),
    Rule("description", "RSS", "The show has no description.",
         "Set `podcast: {description: …}`.",
         _channel(lambda each: not each.text("description"))),
    Rule("long description", "Apple", "The show's description is over 4,000 bytes.",
         "Shorten `podcast: {description: …}`.", _channel(_is_too_long)),
    Rule("language", "Apple", "The show's language is none.", "Set `podcast: {language: en}`.",
         _channel(lambda each: not language_tag(each.text("language")))),
    Rule("category", "Apple", "The show has none of Apple's categories.",
         "Set `podcast: {category: Technology}`, or another of Apple's.",
         _channel(_has_no_category)),
    Rule("explicit", "Apple", "The feed does not say if the show is for children.", _AGAIN,
         _channel(lambda each: each.text(f"{ITUNES}explicit") not in ("true", "false"))),
    Rule("author", "Apple", "The show has no author.", "Set `podcast: {author: …}`.",
         _channel(lambda each: not each.text(f"{ITUNES}author"))),
    Rule("image", "Apple", "The show has no cover.", _AGAIN,
         _channel(lambda each: not each.attribute(f"{ITUNES}image", "href"))),
    Rule("no image", "Apple", "The show's cover is not in the outbox.",
         "The next change of the outbox writes it again.",
         _channel(lambda each: not each.is_there(each.attribute(f"{ITUNES}image", "href")))),
    Rule("owner", "Spotify", "The feed names no address of its owner.",
         "Set `podcast: {owner: {email: …}}`; Spotify sends a code there. Everybody may read it.",
         _channel(lambda each: "@" not in each.text(f"{ITUNES}owner/{ITUNES}email"))),
    Rule("guid", "Podcasting 2.0", "The show has no number.", _AGAIN, _channel(_has_no_guid)),
    Rule("medium", "Podcasting 2.0", "The medium of the show is unknown.", _AGAIN,
         _channel(lambda each: each.text(f"{PODCAST}medium") not in _MEDIA), refuses=False),
    Rule("self", "Podcasting 2.0", "The feed does not tell its own address.", _AGAIN,
         _channel(_is_elsewhere), refuses=False),
    Rule("episodes", "Apple", "There is no episode.", "Drop a post into the inbox.",
         lambda feed: [] if feed.items else ["the feed"]),
    Rule("address", "Apple", "Links are relative: only gPodder follows them.", _SERVE,
         _items(_is_relative)),
    Rule("https", "Apple", "The sound is not served by https.",
         "Serve the outbox by https, and set `podcast: {base_url: https://…}`.",
         _items(lambda item: urlsplit(_sound(item)).scheme == "http"), refuses=False),
    Rule("item title", "Apple", "An episode has no title.", _AGAIN,
         _items(lambda item: not item.text("title"))),
    Rule("item markup", "all players", "A title has `<`, and players hide what follows.", _AGAIN,
         _items(lambda item: "<" in item.text("title")), refuses=False),
    Rule("item guid", "RSS", "An episode has no number.", _AGAIN,
         _items(lambda item: not item.text("guid"))),
    Rule("same guid", "all players", "Two episodes have one number, so players show one of them.",
         _AGAIN, _repeated(lambda item: item.text("guid"))),
    Rule("same sound", "all players", "Two episodes have one sound.", _AGAIN, _repeated(_sound)),
    Rule("sound", "Apple", "An episode has no sound of a known type.", _AGAIN,
         _items(lambda item: _sound(item, "type") not in SOUNDS.values())),
    Rule("length", "Apple", "The length of a sound is not told.", _AGAIN,
         _items(lambda item: _size(item) <= 0)),
    Rule("short", "AntennaPod", "A sound is under 16 KiB, so its length counts as unknown.", "",
         _items(lambda item: 0 < _size(item) < LEAST_KNOWN_BYTES), refuses=False),
    Rule("format", "Apple", "Apple takes mp3 and m4a alone, told by the end of the address.",
         "Set `audio: {format: mp3}` or `m4a`, then run `narrated refresh`.",
         _items(lambda item: not _path(item).endswith(_APPLE_SUFFIXES))),
    Rule("name", "Apple", "Apple takes only ASCII letters and digits in an address.",
         "Such names were given before the outbox was a podcast, and stay: other players take them."
         " To change one, rename its source.",
         _refused_names),
    Rule("date", "Apple", "An episode has no date of RFC 2822.", _AGAIN,
         _items(lambda item: _dated_s(item) is None)),
    Rule("future", "AntennaPod", "An episode is of the future, and players drop it.",
         "Check the clock of the box, then run `narrated refresh`.", _items(_is_in_the_future)),
    Rule("duration", "Apple", "An episode does not tell its duration.", _AGAIN,
         _items(_has_no_duration), refuses=False),
    Rule("long item", "Apple", "A description is over 4,000 bytes.", _AGAIN,
         _items(_is_too_long)),
    Rule("transcript", "AntennaPod", "A transcript has a type that players do not know.", _AGAIN,
         _items(_has_strange_transcript), refuses=False),
    Rule("chapters", "Podcasting 2.0", "Chapters have a type that players do not know.", _AGAIN,
         _items(_has_strange_chapters), refuses=False),
    Rule("numbers", "Apple", "The episodes of a serial are not numbered in their order.", _AGAIN,
         _misnumbered),
    Rule("no sound", "all players", "The sound of an episode is not in the outbox.",
         "The next change of the outbox takes it out of the feed.",
         _items(lambda item: not item.is_there(_sound(item)))),
    Rule("other length", "all players", "A sound has another length than the feed says.",
         "The next change of the outbox mends it.", _items(_has_other_size)),
    Rule("no file", "all players", "A transcript, cover or chapters are not in the outbox.",
         "Run `narrated refresh` for it.", _items(_lacks_a_file), refuses=False),
)  # fmt: skip
"""All rules, those of the show first."""

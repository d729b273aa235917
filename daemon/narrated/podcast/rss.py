"""Writes feeds: RSS 2.0 with Apple's namespace and that of Podcasting 2.0, by lxml.

The same show and episode make the same bytes. A feed is its head, its items, and its end.
"""

import os
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import format_datetime
from html import escape
from types import MappingProxyType
from urllib.parse import quote

from lxml import etree

from narrated.podcast.episode import Episode, EpisodeChapter, LinkedFile
from narrated.podcast.episode_text import Paragraph, content_html, description_html
from narrated.podcast.feed_parts import ITEM_END, MARK
from narrated.podcast.show import COVER_SIDE, Show

_NAMESPACES: Mapping[str, str] = MappingProxyType(
    {
        "atom": "http://www.w3.org/2005/Atom",
        "content": "http://purl.org/rss/1.0/modules/content/",
        "itunes": "http://www.itunes.com/dtds/podcast-1.0.dtd",
        "podcast": "https://podcastindex.org/namespace/1.0",
        "psc": "http://podlove.org/simple-chapters",
    }
)
_NO_XML = re.compile(
    "[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufdcf\ufdf0-\ufffd\U00010000-\U0010ffff]"
)
"""Signs that XML 1.0 forbids or advises against."""
_ENTITY = re.compile(r"&(?=#?\w{1,32};)")
_LONGEST_TITLE = 500
_LONGEST_NAME = 255
_LONGEST_PERSON = 128
_LATEST_S = 253_402_214_400.0
"""The last day of the year 9999."""


def feed_head(show: Show, newest_s: float) -> bytes:
    """Write a feed up to its first item; `newest_s` is the date of its newest episode."""
    rss = etree.Element("rss", {"version": "2.0"}, nsmap=dict(_NAMESPACES))
    channel = _add(rss, "channel")
    link = show.link or show.base_url or "./"
    _add(channel, "title", safe_title(show.title))
    _add(channel, "link", link)
    _add(channel, "description", escape(show.description or show.title, quote=False))
    _add(channel, "language", show.language)
    _add(channel, "generator", "narrated")
    _add(channel, "docs", "https://www.rssboard.org/rss-specification")
    if newest_s:
        _add(channel, "pubDate", _rfc_2822(newest_s))
    if show.base_url:
        address = _address(show, show.feed_path)
        _add(channel, "atom:link", href=address, rel="self", type="application/rss+xml")
    _add_apple(channel, show)
    _add_podcasting(channel, show)
    whole: bytes = etree.tostring(rss, pretty_print=True, encoding="utf-8")
    first_line = b'<?xml version="1.0" encoding="utf-8"?>\n'
    return first_line + MARK + b"\n" + whole[: whole.rindex(b"</channel>")].rstrip(b" ")


def feed_item(
    show: Show, episode: Episode, paragraphs: tuple[Paragraph, ...], html: str = ""
) -> bytes:
    """Write the item of an episode with its whole text: as HTML of ours, or else by paragraphs."""
    rss = etree.Element("rss", nsmap=dict(_NAMESPACES))  # so that an item declares none of them
    item = _add(_add(rss, "channel"), "item")
    _add(item, "title", safe_title(episode.title) or "Untitled")
    _add(item, "guid", episode.guid, isPermaLink="false")
    _add(item, "pubDate", _rfc_2822(episode.dated_s))
    if description := description_html(episode.description, paragraphs):
        _add(item, "description", description)
    if content := html or content_html(paragraphs):
        _add(item, "content:encoded", content)
    sound = episode.sound
    address, size = _address(show, sound.path), str(sound.bytes)
    _add(item, "enclosure", url=address, length=size, type=sound.type)
    _add(item, "itunes:duration", str(max(1, round(episode.duration_s))))
    _add(item, "itunes:explicit", _truth(show.explicit))
    _add(item, "itunes:episodeType", "full")
    if episode.image:
        _add(item, "itunes:image", href=_address(show, episode.image))
        _add(item, "podcast:images", srcset=f"{_address(show, episode.image)} {COVER_SIDE}w")
    if author := _name(episode.author):
        _add(item, "itunes:author", author)
        _add(
            item, "podcast:person", author[:_LONGEST_PERSON].strip(), group="writing", role="author"
        )
    for each in episode.transcripts:
        _add_file(item, show, "podcast:transcript", each, episode.language or show.language)
    if episode.chapters:
        _add_file(item, show, "podcast:chapters", episode.chapters)
    if episode.marks:
        _add_marks(item, episode.marks)
    whole: bytes = etree.tostring(item.getparent(), pretty_print=True, encoding="utf-8")
    return whole[whole.index(b"<item>") : whole.rindex(ITEM_END.strip())] + ITEM_END


def safe_title(title: str) -> str:
    """Return a title on one line that players show as it is, though they read it as HTML."""
    line = " ".join(_clean(title[: 4 * _LONGEST_TITLE]).split())
    plain = _ENTITY.sub("＆", line.replace("<", "‹").replace(">", "›"))
    return plain if len(plain) <= _LONGEST_TITLE else plain[: _LONGEST_TITLE - 1] + "…"


def _add_apple(channel: etree._Element, show: Show) -> None:
    _add(channel, "itunes:author", show.author or show.title)
    _add(channel, "itunes:type", show.type)
    _add(channel, "itunes:explicit", _truth(show.explicit))
    for name, below in show.categories:
        category = _add(channel, "itunes:category", text=name)
        if below:
            _add(category, "itunes:category", text=below)
    if show.image:
        address = _address(show, show.image)
        _add(channel, "itunes:image", href=address)
        image = _add(channel, "image")
        _add(image, "url", address)
        _add(image, "title", safe_title(show.title))
        _add(image, "link", show.link or show.base_url or "./")
    if show.owner_email:
        owner = _add(channel, "itunes:owner")
        _add(owner, "itunes:name", show.owner_name or show.author or show.title)
        _add(owner, "itunes:email", show.owner_email)


def _add_podcasting(channel: etree._Element, show: Show) -> None:
    _add(channel, "podcast:guid", show.guid)
    _add(channel, "podcast:medium", "podcast")
    if show.image:
        _add(channel, "podcast:images", srcset=f"{_address(show, show.image)} {COVER_SIDE}w")
    if show.owner_email:  # readers of some directories ask the owner
        _add(channel, "podcast:locked", "yes", owner=show.owner_email)
    _add(channel, "podcast:txt", "true", purpose="ai-content")


def _add_marks(item: etree._Element, marks: tuple[EpisodeChapter, ...]) -> None:
    """Add Podlove's Simple Chapters: gPodder knows no others, and AntennaPod reads them, too."""
    chapters = _add(item, "psc:chapters", version="1.2")
    for each in marks:
        start, title = _clock_time(each.start_s), safe_title(each.title) or "Untitled"
        _add(chapters, "psc:chapter", start=start, title=title)


def _add_file(
    item: etree._Element, show: Show, name: str, file: LinkedFile, language: str = ""
) -> None:
    of_language = {"language": language} if language else {}
    _add(item, name, url=_address(show, file.path), type=file.type, **of_language)


def _add(
    parent: etree._Element, name: str, content: str | None = None, **attributes: str
) -> etree._Element:
    prefix, _, local = name.rpartition(":")
    tag = f"{{{_NAMESPACES[prefix]}}}{local}" if prefix else local
    clean = {key: _clean(value) for key, value in attributes.items()}
    added = etree.SubElement(parent, tag, clean)
    added.text = None if content is None else _clean(content)
    return added


def _address(show: Show, path: str) -> str:
    """Return the address of a file of the outbox; without a `base_url`, from the feed's folder.

    Names are bytes, and some are of no UTF-8: each byte that is no plain letter is written as %XX.
    """
    below = path.removeprefix(f"{show.folder}/") if show.folder else path
    return show.base_url + quote(os.fsencode(below), safe="/")


def _rfc_2822(moment_s: float) -> str:
    whole_s = min(max(0.0, moment_s), _LATEST_S)
    return format_datetime(datetime.fromtimestamp(int(whole_s), UTC), usegmt=True)


def _clock_time(moment_s: float) -> str:
    minutes, rest_ms = divmod(round(moment_s * 1000), 60_000)
    return f"{minutes // 60:02}:{minutes % 60:02}:{rest_ms / 1000:06.3f}"


def _name(text: str) -> str:
    return " ".join(_clean(text[: 4 * _LONGEST_NAME]).split())[:_LONGEST_NAME]


def _truth(value: bool) -> str:
    return "true" if value else "false"


def _clean(text: str) -> str:
    return _NO_XML.sub("\ufffd", text)

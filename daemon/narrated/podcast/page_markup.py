"""Writes the page's own markup: pure functions, whose pieces the daemon puts together.

The page is its head, an entry an episode, and its end. Nothing in it is markup of a post: each
value is escaped here. No element has a style or a handler, since the page's policy refuses both.
"""

import os
from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime
from html import escape
from urllib.parse import quote

from narrated.outbox.podcast_files import FEED_NAME
from narrated.podcast.feed_parts import MARK
from narrated.podcast.page_episode import PAGE_FOLDER, PageEpisode
from narrated.podcast.page_frame import PAGE_BEGIN, PAGE_END, SEARCH, sign
from narrated.podcast.show import COVER_SIDE, Show
from narrated.printable import encodable

__all__ = ["PAGE_END", "PAGE_MARK", "PAGE_VERSION", "page_address", "page_entry", "page_head"]

PAGE_MARK = MARK
PAGE_VERSION = 4
"""Raised when the bytes of the page change for the same episodes, so that all are made again."""

_POLICY = (
    "default-src 'none'; script-src 'self' file:; style-src 'self' file:; img-src 'self' file:; "
    "media-src 'self' file:; base-uri 'none'; form-action 'none'"
)
_SCRIPTS = ("base", "text", "player", "reader", "list", "search", "keys", "page")
"""In the order in which they run: each uses those before it."""
_COVER_SIDE = 320
_LATEST_S = 253_402_214_400.0
"""The last day of the year 9999."""


def page_head(podcast: Show, shows: Sequence[Show], searches: Sequence[int] = ()) -> bytes:
    """Write the page up to its first entry; the podcast, that of the root, names it.

    `shows` are those with a feed, and `searches` the numbers of the search scripts that stand.
    """
    numbers = " ".join(map(str, searches))
    scripts = "".join(
        f'<script src="{PAGE_FOLDER}/{each}.js" defer></script>\n' for each in _SCRIPTS
    )
    return _bytes(
        f"<!DOCTYPE html>\n{MARK.decode()}\n"
        f'<html lang="en" data-podcast="{escape(podcast.guid)}" data-searches="{numbers}" '
        f'data-shows="{len(shows)}">\n'
        '<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        '<meta name="referrer" content="no-referrer">\n'
        '<meta name="color-scheme" content="light dark">\n'
        f"<title>{escape(podcast.title)}</title>\n"
        f'<link rel="icon" type="image/svg+xml" href="{PAGE_FOLDER}/icon.svg">\n'
        f'<link rel="stylesheet" href="{PAGE_FOLDER}/page.css">\n'
        f"{_feeds_for_programs(shows)}{scripts}"
        f"</head>\n<body>\n{PAGE_BEGIN}"
        '<a class="skip" href="#main">Skip to the episodes</a>\n'
        f'{_masthead(podcast, shows)}<main id="main" tabindex="-1">\n'
        '<section id="now" aria-labelledby="now-title" hidden></section>\n'
        '<section id="found" aria-labelledby="found-title" hidden>'
        '<h2 id="found-title"></h2><ol></ol></section>\n'
        '<section id="list" aria-labelledby="list-title">\n'
        '<div class="choice"><h2 id="list-title">Episodes</h2>'
        '<div id="filters" role="group" aria-label="Show only" hidden></div></div>\n'
        '<ol id="episodes">\n'
    )


def page_entry(episode: PageEpisode) -> bytes:
    """Write the entry of an episode in the page's list."""
    title, sound = escape(episode.title or "Untitled"), page_address(episode.sound.path)
    return _bytes(
        f'<li class="entry" id="e={escape(episode.key)}" data-kind="{escape(episode.kind)}" '
        f'data-show="{_attribute(episode.folder)}" data-sound="{sound}" '
        f'data-seconds="{round(episode.duration_s, 2)}">'
        f'{_entry_cover(episode)}<div class="about">'
        f'<h3{_language(episode)} dir="auto">'
        f'<a href="#e={escape(episode.key)}">{title}</a></h3>'
        f'<p class="facts">{_facts(episode)}</p>{_description(episode)}'
        f'<noscript><audio controls preload="none" src="{sound}"></audio></noscript></div>'
        f'<button type="button" class="play" aria-label="Play: {title}">'
        f"{sign('play')}{sign('pause')}</button></li>\n"
    )


def page_address(path: str) -> str:
    """Return the address of a file of the outbox from the page, as an attribute takes it."""
    return quote(os.fsencode(path), safe="/")


def _masthead(podcast: Show, shows: Sequence[Show]) -> str:
    title, words, link = escape(podcast.title), escape(podcast.description), escape(podcast.link)
    author = f'<p class="author">{escape(podcast.author)}</p>' if podcast.author else ""
    about = f'<p class="description">{words}</p>' if words else ""
    cover = _podcast_cover(podcast, shows)
    website = f'<p><a href="{link}">Website</a></p>' if _is_web(podcast.link) else ""
    return (
        f'<header id="show" lang="{escape(podcast.language)}">\n'
        f"{_cover(cover, COVER_SIDE) if cover else ''}"
        f'<div class="about"><h1 dir="auto">{title}</h1>{author}{about}{website}</div>\n'
        f'<div class="tools" lang="en">{SEARCH}{_feeds(shows)}</div>\n</header>\n'
    )


def _podcast_cover(podcast: Show, shows: Sequence[Show]) -> str:
    """Return the cover of the podcast: a show has it as well if it has no picture of its own."""
    own = (podcast.picture, podcast.inbox_picture)
    alike = [each for each in shows if any(own) and (each.picture, each.inbox_picture) == own]
    return next((each.image for each in (podcast, *alike) if each.image), "")


def _feeds(shows: Sequence[Show]) -> str:
    several = len(shows) > 1
    feeds = "".join(
        f'<li><a href="{_feed_address(each)}">{sign("feed")}'
        f"{f'Feed: {escape(name)}' if several else 'Feed for podcast players'}</a></li>"
        for each, name in zip(shows, _names(shows), strict=True)
    )
    has_addresses = all(each.base_url for each in shows)
    return f'<ul class="feeds">{feeds}</ul>\n{"" if has_addresses else _NO_ADDRESS}'


def _names(shows: Sequence[Show]) -> list[str]:
    """Name each show: by its title, and by its folder where several have one title."""
    counts = Counter(each.title for each in shows)
    return [
        f"{each.title} ({encodable(each.folder) or '/'})" if counts[each.title] > 1 else each.title
        for each in shows
    ]


_NO_ADDRESS = """\
<details class="address"><summary>The feed has no web address yet</summary>
<p>This page works all the same, from disk and from any web server. gPodder takes the feed, and \
AntennaPod plays the folder itself.</p>
<p>AntennaPod, newsboat and Apple Podcasts cannot subscribe: they need the address where this \
folder is served, as <code>podcast: base_url</code> in the configuration.</p></details>
"""


def _feeds_for_programs(shows: Sequence[Show]) -> str:
    """Write the links by which browsers and players find the feeds."""
    return "".join(
        f'<link rel="alternate" type="application/rss+xml" title="{escape(name)}" '
        f'href="{_feed_address(each)}">\n'
        for each, name in zip(shows, _names(shows), strict=True)
    )


def _feed_address(show: Show) -> str:
    return escape(show.base_url) + FEED_NAME if show.base_url else page_address(show.feed_path)


def _entry_cover(episode: PageEpisode) -> str:
    return _cover(episode.small_cover or episode.cover, _COVER_SIDE, lazy=True)


def _cover(path: str, side: int, *, lazy: bool = False) -> str:
    if not path:
        return '<span class="cover"></span>'
    later = ' loading="lazy" decoding="async"' if lazy else ""
    address = page_address(path)
    return f'<img class="cover" src="{address}" alt="" width="{side}" height="{side}"{later}>'


def _facts(episode: PageEpisode) -> str:
    date = datetime.fromtimestamp(min(max(0.0, episode.dated_s), _LATEST_S), UTC)
    shown = f"{date.day} {date:%B} {date.year}"
    of = f' <span class="of">{escape(episode.show)}</span>' if episode.show else ""
    day = f'<time datetime="{date:%Y-%m-%d}">{shown}</time>'
    return f"{day} <span>{_length(episode.duration_s)}</span>{of}"


def _length(duration_s: float) -> str:
    minutes = max(1, round(duration_s / 60))
    hours, rest = divmod(minutes, 60)
    return " ".join([f"{hours} h"] * (hours > 0) + [f"{rest} min"] * (rest > 0))


def _description(episode: PageEpisode) -> str:
    if not episode.description:
        return ""
    words = escape(episode.description)
    return f'<p class="description"{_language(episode)} dir="auto">{words}</p>'


def _language(episode: PageEpisode) -> str:
    return f' lang="{escape(episode.language)}"' if episode.language else ""


def _attribute(path: str) -> str:
    return escape(encodable(path))


def _is_web(address: str) -> bool:
    return address.startswith(("https://", "http://"))


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "replace")

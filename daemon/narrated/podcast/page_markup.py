"""Writes the page's own markup: pure functions, whose pieces the daemon puts together.

The page is its head, an entry an episode, and its end. Nothing in it is markup of a post: each
value is escaped here. No element has a style or a handler, since the page's policy refuses both.
"""

import os
from collections.abc import Sequence
from datetime import UTC, datetime
from html import escape
from urllib.parse import quote

from narrated.podcast.page_episode import PAGE_FOLDER, PageEpisode
from narrated.podcast.show import Show

PAGE_MARK = b"<!-- Written by narrated: it replaces this file at each change of the outbox. -->"
"""Tells a page of ours from one of somebody else, which stays."""
PAGE_VERSION = 1
"""Raised when the bytes of the page change for the same episodes, so that all are made again."""
PAGE_END = b"</ol>\n</main>\n</body>\n</html>\n"

_POLICY = (
    "default-src 'none'; script-src 'self' file:; style-src 'self' file:; img-src 'self' file:; "
    "media-src 'self' file:; base-uri 'none'; form-action 'none'"
)


def page_head(shows: Sequence[Show], searches: Sequence[int] = ()) -> bytes:
    """Write the page up to its first entry; the first show names it.

    `searches` are the numbers of the search scripts that stand.
    """
    first, words = shows[0], " ".join(map(str, searches))
    return _bytes(
        f"<!DOCTYPE html>\n{PAGE_MARK.decode()}\n"
        f'<html lang="en" data-podcast="{escape(first.guid)}" data-searches="{words}">\n'
        '<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">\n'
        f"<title>{escape(first.title)}</title>\n"
        f'<link rel="stylesheet" href="{PAGE_FOLDER}/page.css">\n'
        f"</head>\n<body>\n<main>\n<h1>{escape(first.title)}</h1>\n<ol>\n"
    )


def page_entry(episode: PageEpisode) -> bytes:
    """Write the entry of an episode in the page's list."""
    return _bytes(
        f'<li class="entry" id="entry-{escape(episode.key)}"><h3>{escape(episode.title)}</h3>'
        f"<p>{_date(episode.dated_s)}</p>"
        f'<audio controls preload="none" src="{page_address(episode.sound.path)}"></audio></li>\n'
    )


def page_address(path: str) -> str:
    """Return the address of a file of the outbox from the page, as an attribute takes it."""
    return quote(os.fsencode(path), safe="/")


def _date(dated_s: float) -> str:
    return datetime.fromtimestamp(dated_s, UTC).strftime("%-d %B %Y")


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "replace")

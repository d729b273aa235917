"""Checks the podcast's page: it is there and ours, and so is each file that it names."""

import re
from collections.abc import Iterator
from html.parser import HTMLParser
from urllib.parse import unquote_to_bytes

from narrated.config.podcast import has_page
from narrated.config.values import Config
from narrated.doctor.finding import Finding, shown, warning, well, wrong
from narrated.human_formatting import count_noun
from narrated.outbox.podcast_files import feed_beginning, size_of
from narrated.podcast.page_episode import PAGE_FOLDER, PAGE_NAME
from narrated.podcast.page_markup import PAGE_MARK
from narrated.podcast.page_news import NEWS_NAME
from narrated.printable import printable

_NAME = "podcast, page"
_MOST_NAMED = 3
_MOST_BYTES = 256 << 20
_ENTRY = re.compile(r"e=([0-9a-f]{16})")
_ADDRESSES = ("src", "href", "data-sound")
_ELSEWHERE = re.compile(r"[a-z][a-z0-9+.-]*:|//|#", re.I)


def check_page(config: Config) -> Iterator[Finding]:
    """Check the page in the outbox, if there is to be one. Errors: StorageError."""
    if not has_page(config):
        return
    path = config.outbox / PAGE_NAME
    content = feed_beginning(config.outbox, PAGE_NAME, _MOST_BYTES)
    if not content:
        remedy = "Start the daemon, or run `narrated once`: it writes the page."
        yield wrong(_NAME, f"{shown(path)} is not there.", remedy)
        return
    if PAGE_MARK not in content[:1024]:
        remedy = "Move it away, or set `podcast: {page: off}`."
        yield wrong(_NAME, f"{shown(path)} is not narrated's, and is left alone.", remedy)
        return
    page = _NamedFiles(content.decode("utf-8", "replace"))
    missing = [each for each in page.files if size_of(config.outbox, each) is None]
    if missing:
        remedy = "The next change of the outbox writes them again; so does `narrated once`."
        yield warning(_NAME, f"{shown(path)} names files that are gone:{_some(missing)}", remedy)
    episodes, files = count_noun(page.episodes, "episode"), count_noun(len(page.files), "file")
    yield well(_NAME, f"{shown(path)} has {episodes}, and names {files}.")


class _NamedFiles(HTMLParser):
    """The outbox paths that a page names, in its elements and as its scripts load them."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.files: dict[str, None] = {f"{PAGE_FOLDER}/{NEWS_NAME}": None}
        """Outbox paths; the values mean nothing."""
        self.episodes = 0
        self.feed(page)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = {name: value or "" for name, value in attrs}
        for name in _ADDRESSES:
            self._add(found.get(name, ""))
        for number in found.get("data-searches", "").split():
            self._add(f"{PAGE_FOLDER}/search-{number}.js")
        if entry := _ENTRY.fullmatch(found.get("id", "")):
            self.episodes += 1
            self._add(f"{PAGE_FOLDER}/{entry[1]}.js")

    def _add(self, address: str) -> None:
        if address and not _ELSEWHERE.match(address):
            path = unquote_to_bytes(address.partition("#")[0].partition("?")[0])
            self.files[path.decode("utf-8", "surrogateescape")] = None


def _some(paths: list[str]) -> str:
    first = ", ".join(f" `{printable(each)}`" for each in paths[:_MOST_NAMED])
    rest = len(paths) - _MOST_NAMED
    return first + (f" and {rest} more." if rest > 0 else ".")

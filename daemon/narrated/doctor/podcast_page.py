"""Checks the podcast's page: it is there and ours, and so is each file that it names."""

import re
from collections.abc import Iterator
from html.parser import HTMLParser
from urllib.parse import unquote_to_bytes

from narrated.config.podcast import has_page
from narrated.config.values import Config
from narrated.doctor.finding import Finding, shown, warning, well, wrong
from narrated.human_formatting import count_noun
from narrated.outbox.podcast_files import feed_beginning, is_taken, size_of
from narrated.podcast.page_episode import PAGE_FOLDER, PAGE_NAME
from narrated.podcast.page_markup import PAGE_MARK
from narrated.podcast.page_news import NEWS_NAME
from narrated.printable import printable

_NAME = "podcast, page"
_OF_OTHERS = "is not narrated's, and is left alone."
_MOVE_AWAY = "Move it away, or set `podcast: {page: off}`."
_WRITES_AGAIN = "The next change of the outbox writes them again; so does `narrated once`."
_TAKES_OFF = "The next change of the outbox takes the episodes off; so does `narrated once`."
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
    if not content and not is_taken(config.outbox, PAGE_NAME):
        if (taken := config.outbox / PAGE_FOLDER).exists() and not taken.is_dir():
            yield wrong(_NAME, f"{shown(taken)} {_OF_OTHERS}", _MOVE_AWAY)
            return
        remedy = "Start the daemon, or run `narrated once`: it writes the page."
        yield wrong(_NAME, f"{shown(path)} is not there.", remedy)
        return
    if PAGE_MARK not in content[:1024]:
        yield wrong(_NAME, f"{shown(path)} {_OF_OTHERS}", _MOVE_AWAY)
        return
    page = _NamedFiles(content.decode("utf-8", "replace"))
    missing = [each for each in page.files if size_of(config.outbox, each) is None]
    sounds = [each for each in missing if each in page.sounds]
    others = [each for each in missing if each not in page.sounds]
    for gone, remedy in ((sounds, _TAKES_OFF), (others, _WRITES_AGAIN)):
        if gone:
            yield warning(_NAME, f"{shown(path)} names files that are gone:{_some(gone)}", remedy)
    episodes, files = count_noun(page.episodes, "episode"), count_noun(len(page.files), "file")
    yield well(_NAME, f"{shown(path)} has {episodes}, and names {files}.")


class _NamedFiles(HTMLParser):
    """The outbox paths that a page names, in its elements and as its scripts load them."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.files: dict[str, None] = {f"{PAGE_FOLDER}/{NEWS_NAME}": None}
        """Outbox paths; the values mean nothing."""
        self.sounds: set[str] = set()
        """Those of them that are the sound of an episode."""
        self.episodes = 0
        self.feed(page)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = {name: value or "" for name, value in attrs}
        for name in _ADDRESSES:
            self._add(found.get(name, ""))
        if sound := found.get("data-sound"):
            self.sounds.add(_outbox_path(sound))
        for number in found.get("data-searches", "").split():
            self._add(f"{PAGE_FOLDER}/search-{number}.js")
        if entry := _ENTRY.fullmatch(found.get("id", "")):
            self.episodes += 1
            self._add(f"{PAGE_FOLDER}/{entry[1]}.js")

    def _add(self, address: str) -> None:
        if address and not _ELSEWHERE.match(address):
            self.files[_outbox_path(address)] = None


def _outbox_path(address: str) -> str:
    written = unquote_to_bytes(address.partition("#")[0].partition("?")[0])
    return written.decode("utf-8", "surrogateescape")


def _some(paths: list[str]) -> str:
    first = ", ".join(f" `{printable(each)}`" for each in paths[:_MOST_NAMED])
    rest = len(paths) - _MOST_NAMED
    return first + (f" and {rest} more." if rest > 0 else ".")

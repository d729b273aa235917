"""The podcast in a status report: its feeds, its page, and what is wrong with its folders."""

from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

from narrated.config.podcast import show_of
from narrated.config.values import Config
from narrated.errors import StorageError
from narrated.ledger.store import Ledger
from narrated.outbox.podcast_files import FEED_NAME, feed_beginning
from narrated.podcast.page_episode import PAGE_NAME
from narrated.podcast.show import NO_ADDRESS, NO_ADDRESS_REMEDY, Show


def podcast_at_rest(config: Config, folders: Iterable[str]) -> dict[str, Any]:
    """Find the feeds of shows in these folders of the outbox, and the page, if they are ours."""
    if config.podcast is None or (root := show_of(config)) is None:
        return {}
    from narrated.podcast.feed_parts import MARK  # late: `narrated status` needs few modules
    from narrated.podcast.page_markup import PAGE_MARK

    names = (f"{each}/{FEED_NAME}" if each else FEED_NAME for each in sorted(folders))
    feeds = tuple(filter(None, (_ours(config.outbox, each, MARK) for each in names)))
    return {
        "feeds": feeds,
        "no_address": no_address([root]) if feeds else "",
        "page": _ours(config.outbox, PAGE_NAME, PAGE_MARK) if config.podcast.page else "",
    }


def section_problems(config: Config, ledger: Ledger) -> Iterator[str]:
    """Yield what is wrong with the sections of folders, as a daemon tells it."""
    if config.podcast is not None:
        from narrated.inbox.name_rules import ignored  # late: `narrated status` needs few modules

        for each in ledger.folder_shows.all():
            if each.problem and not ignored(each.path, config.ignore):
                yield each.problem


def no_address(shows: Iterable[Show]) -> str:
    """Tell the use of a feed without a web address; empty if each show has one."""
    return "" if all(each.base_url for each in shows) else f"{NO_ADDRESS} {NO_ADDRESS_REMEDY}"


def _ours(outbox: Path, name: str, mark: bytes) -> str:
    with suppress(StorageError):
        if mark in feed_beginning(outbox, name, 1024):
            return str(outbox / name)
    return ""

"""Checks the feed of the outbox by the rules of directories and players."""

import shlex
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from narrated.config.podcast import show_of
from narrated.config.values import Config
from narrated.doctor.finding import Finding, shown, warning, well, wrong
from narrated.doctor.folder_sections import check_folder_sections
from narrated.doctor.podcast_address import check_token
from narrated.errors import ConfigurationError
from narrated.human_formatting import count_noun
from narrated.os_error_remedies import storing
from narrated.outbox.podcast_files import FEED_NAME, feed_beginning, feed_folders, is_taken, size_of
from narrated.podcast.cover_reading import HEAD_BYTES, cover_facts
from narrated.podcast.feed_parts import MARK
from narrated.podcast.feed_reading import (
    CoverFacts,
    FeedElement,
    NoFeed,
    ReadFeed,
    addresses,
    cover_addresses,
    own_folder,
    parse_feed,
)
from narrated.podcast.feed_rules import RULES, Rule, broken
from narrated.podcast.show import Show
from narrated.printable import printable

_NAME = "podcast"
_MOST_NAMED = 3
_MOST_BYTES = 256 << 20


def check_podcast(config: Config) -> Iterator[Finding]:
    """Check the feeds in the outbox: that of its root, and those of folders.

    Errors: ConfigurationError without a podcast; StorageError if the outbox cannot be read.
    """
    root = show_of(config)
    if root is None:
        raise ConfigurationError(
            "The outbox is no podcast.",
            "Add `podcast: {title: My blog, read aloud}` to the configuration: docs/podcast.md.",
        )
    yield from check_token(config)
    yield from check_folder_sections(config)
    folders = [each for each in feed_folders(config.outbox, MARK) if each]
    if not folders or is_taken(config.outbox, FEED_NAME):
        yield from _check_show(config.outbox, root)
    if config.podcast and config.podcast.folders == "each":
        folders = sorted({*folders, *_first_folders(config.outbox)})
    for folder in folders:
        yield from _check_show(config.outbox, Show(title="", folder=folder))


def _first_folders(outbox: Path) -> Iterator[str]:
    """The first folders with a feed, somebody else's as well."""
    with storing(str(outbox)), suppress(FileNotFoundError):
        for each in sorted(outbox.iterdir()):
            if is_taken(outbox, f"{each.name}/{FEED_NAME}"):  # False if it is no folder, or a link
                yield each.name


def _check_show(outbox: Path, show: Show) -> Iterator[Finding]:
    path = outbox / show.feed_path
    content = feed_beginning(outbox, show.feed_path, _MOST_BYTES)
    if not content and not is_taken(outbox, show.feed_path):
        remedy = "Start the daemon, or run `narrated once`: it writes the feed."
        yield wrong(_NAME, f"{shown(path)} is not there.", remedy)
        return
    if MARK not in content[:1024]:
        yield wrong(_NAME, f"{shown(path)} is not narrated's, and is left alone.", "Move it away.")
        return
    try:
        feed = _read(content, outbox, show)
    except NoFeed as error:
        remedy = "Delete it, and the next change of the outbox writes it again."
        yield wrong(_NAME, f"{shown(path)} is no feed: {error}.", remedy)
        return
    yield from _findings(feed, path)


def _read(content: bytes, outbox: Path, show: Show) -> ReadFeed:
    """Read a feed, with the sizes of the files that it names. Errors: NoFeed."""
    channel = parse_feed(content)
    files: dict[str, int] = {}
    # The settings of a folder are in the inbox: its feed itself says where it is served.
    base_url = own_folder(channel) if show.folder else show.base_url
    covers: dict[str, CoverFacts] = {}
    whole = FeedElement(channel, files, base_url, show.folder, covers)
    for path in filter(None, map(whole.path, addresses(channel))):
        if (size_bytes := size_of(outbox, path)) is not None:
            files[path] = size_bytes
    for path in filter(None, map(whole.path, cover_addresses(channel))):
        if path in files:
            covers[path] = cover_facts(feed_beginning(outbox, path, HEAD_BYTES))
    items = (replace(whole, element=item) for item in channel.iter("item"))
    return ReadFeed(whole, tuple(items))


def _findings(feed: ReadFeed, path: Path) -> Iterator[Finding]:
    is_well = True
    for rule, found in broken(feed):
        is_well = False
        kind = wrong if rule.refuses else warning
        yield kind(f"{rule.asked_by}, {rule.key}", rule.breach + _named(rule, found), rule.remedy)
    episodes = count_noun(len(feed.items), "episode")
    kept = f", and keeps all {len(RULES)} rules" if is_well else ""
    yield well(_NAME, f"{shown(path)} has {episodes}{kept}.", _next_step(feed.channel.base_url))


def _next_step(base_url: str) -> str:
    """The command that asks the server of a feed; empty if nobody serves it."""
    if not base_url:
        return ""
    address = printable(shlex.quote(base_url + FEED_NAME))
    return f"To ask its server as players do: narrated podcast check {address}"


def _named(rule: Rule, found: list[str]) -> str:
    """Name the first episodes that break a rule; nothing if it is the show's."""
    if found == ["the feed"]:
        return ""
    first = ", ".join(f"`{printable(each)}`" for each in found[:_MOST_NAMED])
    rest = len(found) - _MOST_NAMED
    return f" {first}" + (f" and {rest} more." if rest > 0 else ".")

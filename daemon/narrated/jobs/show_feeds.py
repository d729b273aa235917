"""The feeds of shows in the outbox: each with its number and its cover, written when it changes."""

import logging
from collections.abc import Container, Iterable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import msgspec

from narrated.disk_threads import ANSWER_S, TRANSFER_S, DiskThreads
from narrated.errors import StorageError
from narrated.human_formatting import count_noun
from narrated.jobs.podcast_covers import PodcastCovers
from narrated.jobs.shielded_outbox_changes import ShieldedOutboxChanges
from narrated.ledger.episodes import ListedEpisode
from narrated.ledger.store import Ledger
from narrated.os_error_remedies import storing
from narrated.outbox.podcast_files import (
    FEED_NAME,
    ExpectedFile,
    PlacedFile,
    feed_beginning,
    place_feed,
    remove_feed,
    standing,
    touch_feed,
)
from narrated.podcast.feed_parts import (
    FEED_END,
    MARK,
    MOST_HEAD_BYTES,
    guid_in,
    new_guid,
    numbered,
)
from narrated.podcast.feed_requests import FeedRequest
from narrated.podcast.part_requests import FEED_TURN
from narrated.podcast.show import Show
from narrated.printable import printable
from narrated.workers.parser_pool import ParserPool

Listed = Mapping[str, Sequence[ListedEpisode]]
"""Episodes by the folders of their shows, the newest first."""

_MOST_TOLD = 3

log = logging.getLogger("narrated")


@dataclass(frozen=True, slots=True)
class _WrittenFeed:
    """A feed as it was written last."""

    show: Show
    episodes: Sequence[ListedEpisode]
    file: ExpectedFile


@dataclass(eq=False)
class ShowFeeds:
    """Writes the feeds of shows, and removes those of folders that are a show no more."""

    _ledger: Ledger
    _outbox: ShieldedOutboxChanges
    _parsers: ParserPool
    covers: PodcastCovers
    _work: Path
    _work_disk: DiskThreads
    problems: list[str] = field(default_factory=list)
    """The reasons why feeds are not written."""
    _written: dict[str, _WrittenFeed] = field(default_factory=dict)
    """By the folders of their shows, since the start."""
    _removed: set[str] = field(default_factory=set)
    """Folders that have no feed of ours, since the start."""
    _is_news: bool = False
    """True if the feed of a folder changed, and that of the root did not."""
    _are_several: bool = False
    """True if there are other shows than the one that is written."""

    async def with_guid(self, show: Show) -> Show:
        """Give a show its number: the ledger's, or that of the feed that stands, or a new one.

        Errors: StorageError.
        """
        guid = self._ledger.podcasts.guid(show.folder)
        if not guid:
            place = (self._outbox.folder, show.feed_path, MOST_HEAD_BYTES)
            beginning = await self._outbox.run(partial(feed_beginning, *place))
            guid = guid_in(beginning) or new_guid(show)
            self._ledger.podcasts.give(show.folder, guid)
        return msgspec.structs.replace(show, guid=guid)

    async def write(self, shows: Sequence[Show], listed: Listed) -> tuple[Show, ...]:
        """Write the feeds of shows that changed; returns the shows with numbers and covers.

        Only episodes whose sound stands are in a feed. A folder that cannot be written keeps no
        other show's feed. Errors: StorageError, ParserUnavailable.
        """
        self.problems, self._is_news, self._are_several = [], False, len(shows) > 1
        there = await self._standing(listed)
        written = []
        for show in shows:
            episodes = [each for each in listed.get(show.folder, ()) if each.sound in there]
            self._removed.discard(show.folder)
            try:
                written.append(await self._update(show, episodes, there))
            except StorageError as error:
                where = printable(str(self._outbox.folder / show.feed_path))
                self.problems.append(f"{where} is not up to date: {error}")
                written.append(show)
        if len(self.problems) > _MOST_TOLD:
            more = count_noun(len(self.problems) - _MOST_TOLD, "more feed")
            self.problems[_MOST_TOLD:] = [f"{more} of the podcast could not be written."]
        return tuple(written)

    async def _update(
        self, show: Show, episodes: Sequence[ListedEpisode], there: Container[str]
    ) -> Show:
        """Write the feed of a show if it changed; returns the show with its number and cover."""
        folders = {each.sound.rpartition("/")[0] for each in episodes}
        show = await self.with_guid(show)
        show = msgspec.structs.replace(show, image=await self.covers.of_show(show, folders))
        before = self._written.get(show.folder)
        is_alike = before and (before.show, before.episodes) == (show, episodes)
        if not (is_alike and before and before.file.path in there):
            await self._write(show, episodes)
        return show

    async def remove_others(self, shows: Iterable[Show]) -> None:
        """Remove the feeds and the covers of all other shows that had one. Errors: StorageError."""
        stale = self._ledger.podcasts.folders() - {each.folder for each in shows} - self._removed
        for folder in sorted(stale):
            show = Show(title="", folder=folder)
            remove = partial(remove_feed, self._outbox.folder, show.feed_path, MARK)
            if await self._outbox.finish(self._outbox.run(remove)):
                self._tell_removed(folder)
                self._is_news = True
            self.covers.leave(show)
            self._written.pop(folder, None)
            self._removed.add(folder)

    def _tell_removed(self, folder: str) -> None:
        """Log that a feed is gone; one that was empty since the start is no news to anybody."""
        before = self._written.get(folder)
        level = logging.DEBUG if before and not before.episodes else logging.INFO
        told = f"{printable(folder)} is no show any more"
        if not folder:
            told = "each episode belongs to the show of a folder"
        log.log(level, "%s: %s is removed", told, printable(f"{folder}/{FEED_NAME}".lstrip("/")))

    async def announce(self) -> None:
        """Touch the root's feed if only others changed: what sends the outbox on watches it alone.

        Errors: StorageError.
        """
        if self._is_news:
            touch = partial(touch_feed, self._outbox.folder, FEED_NAME, MARK)
            await self._outbox.run(touch, patience_s=ANSWER_S)

    async def _standing(self, listed: Listed) -> set[str]:
        """Return the paths of those sounds and feeds that stand with their sizes."""
        feeds = [each.file for each in self._written.values()]
        sounds = (
            ExpectedFile(each.sound, each.size_bytes)
            for episodes in listed.values()
            for each in episodes
        )
        return await self._outbox.run(partial(standing, self._outbox.folder, [*feeds, *sounds]))

    async def _write(self, show: Show, episodes: Sequence[ListedEpisode]) -> None:
        newest_s = episodes[0].dated_at if episodes else 0.0
        head = await self._parsers.ask(*FeedRequest(show, newest_s).encode(), FEED_TURN)
        place = self._place(show, head, [each.path for each in episodes])
        outcome, size_bytes = await self._outbox.finish(place)
        if outcome is PlacedFile.OF_OTHERS:
            self._written.pop(show.folder, None)
            self.problems.append(self._of_others(show))
            return
        file = ExpectedFile(show.feed_path, size_bytes)
        self._written[show.folder] = _WrittenFeed(show, episodes, file)
        self._is_news |= bool(show.folder) and outcome is PlacedFile.WRITTEN
        told = (printable(show.feed_path), len(episodes), outcome.name.lower())
        log.debug("%s has %d episodes: %s", *told)

    def _of_others(self, show: Show) -> str:
        """Tell what somebody else's feed keeps from being written."""
        told = f"{printable(str(self._outbox.folder / show.feed_path))} is not narrated's, and is"
        if self._are_several or show.folder:
            return f"{told} left alone, so that {printable(show.title)} has no feed. Move it away."
        return (
            f"{told} left alone, so the podcast has no feed. Move it away, or take `podcast:` out"
            " of the configuration."
        )

    async def _place(self, show: Show, head: bytes, paths: list[str]) -> tuple[PlacedFile, int]:
        """Compose a feed in the work folder, and put it into the outbox; returns its size, too."""
        draft, is_serial = self._work / FEED_NAME, show.type == "serial"
        compose = partial(_compose, self._ledger.path, draft, head, paths, is_serial)
        size_bytes = await self._work_disk.run(compose, patience_s=TRANSFER_S)
        try:
            place = partial(place_feed, self._outbox.folder, show.feed_path, draft, MARK)
            return await self._outbox.run(place), size_bytes
        finally:
            await self._work_disk.run(draft.unlink, patience_s=ANSWER_S)


def _compose(
    ledger_path: Path, draft: Path, head: bytes, paths: list[str], is_numbered: bool
) -> int:
    """Write a feed into a file of the work folder, item by item; returns its size.

    Errors: StorageError.
    """
    with storing(str(draft)), closing(Ledger(ledger_path)) as ledger:
        draft.parent.mkdir(parents=True, exist_ok=True)
        _write_parts(draft, head, ledger.episodes.items(paths), len(paths) if is_numbered else 0)
        return draft.stat().st_size


def _write_parts(draft: Path, head: bytes, items: Iterable[bytes], first: int) -> None:
    """Write the parts of a feed; `first` is the number of its first episode, or 0 for none."""
    with draft.open("wb") as file:
        file.write(head)
        for place, item in enumerate(items):
            file.write(numbered(item, first - place) if first else item)
        file.write(FEED_END)

"""The podcast's feed: follows each change of the outbox, and is written last."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterable
from contextlib import closing, suppress
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Protocol, TypeVar

import msgspec

from narrated.disk_threads import ANSWER_S, TRANSFER_S, DiskThreads
from narrated.errors import NarratedError, SourceError
from narrated.jobs.events import CarriedOver, EventDispatcher, Moved, Published, Withdrawn
from narrated.jobs.feed_episodes import episode_of, has_sound
from narrated.jobs.podcast_covers import PodcastCovers
from narrated.jobs.shielded_outbox_changes import ShieldedOutboxChanges
from narrated.ledger.episodes import ListedEpisode
from narrated.ledger.job import Job, JobState
from narrated.ledger.store import Ledger
from narrated.os_error_remedies import storing
from narrated.outbox import untrusted_reads
from narrated.outbox.manifest import Manifest
from narrated.outbox.manifest_sentences import NO_SENTENCES
from narrated.outbox.podcast_files import (
    ExpectedFile,
    PlacedFile,
    feed_beginning,
    place_feed,
    standing,
)
from narrated.podcast.episode import Episode
from narrated.podcast.feed_parts import (
    FEED_END,
    MARK,
    MOST_HEAD_BYTES,
    guid_in,
    new_guid,
    numbered,
)
from narrated.podcast.feed_requests import FEED_TURN, EncodedRequest, FeedRequest
from narrated.podcast.show import FEED_NAME, Show
from narrated.printable import printable
from narrated.workers.parser_pool import ParserPool

QUIET_S = 1.0
"""The outbox must be unchanged for so long before the feed follows."""
MOST_S = 15.0
"""A feed of an outbox that changes all the time follows this late at most."""
RETRY_S = 30.0
"""The pause before a feed that could not be written is tried again."""
_PAGE = 50
_NOT_EPISODE = ListedEpisode("", 0.0, "", 0)

log = logging.getLogger("narrated")
Value = TypeVar("Value")


class ReadApart(Protocol):
    """Runs a long query of the ledger in a thread, on a connection of its own."""

    def __call__(self, query: Callable[[Ledger], Value]) -> Awaitable[Value]: ...


@dataclass(eq=False)
class PodcastFeed:
    """Writes `feed.xml` after the outbox has changed, if the outbox is a podcast.

    A parser makes each item once, and the ledger keeps it. So a further episode costs its own item,
    and a copy of the others. What a kill has kept from the feed, the next start makes up for: it
    compares the items with the ledger's published jobs.
    """

    _ledger: Ledger
    _outbox: ShieldedOutboxChanges
    _parsers: ParserPool
    _covers: PodcastCovers
    _read_apart: ReadApart
    _work: Path
    _work_disk: DiskThreads
    show: Show | None = None
    """The show as it is configured; None if the outbox is no podcast."""
    problem: str = ""
    """The reason why the feed is not written; empty if it is."""
    _news: asyncio.Event = field(default_factory=asyncio.Event)

    def __post_init__(self) -> None:
        self._news.set()  # the outbox may have changed before this start

    def listen(self, events: EventDispatcher) -> None:
        """Follow the events that change the outbox."""
        for kind in (Published, CarriedOver, Withdrawn, Moved):
            events.subscribe(kind, lambda event: self._news.set())

    def follow(self, show: Show | None) -> None:
        """Take over the show of another configuration."""
        self.show = show
        self._news.set()

    async def run(self) -> None:
        """Bring the feed up to date after each change, for ever."""
        patience_s: float | None = None
        while True:
            with suppress(TimeoutError):
                await asyncio.wait_for(self._news.wait(), patience_s)
            await self._quiet()
            patience_s = None if await self.update() else RETRY_S

    async def update(self) -> bool:
        """Bring the feed up to date now; False if it could not be written."""
        self._news.clear()
        if self.show is None:
            self.problem = ""
            return True
        try:
            keeps = await self._update(await self._with_guid(self.show))
        except NarratedError as error:
            keeps = f"The podcast's feed is not up to date: {error}"
        self._tell(keeps or self._covers.problem)
        return not keeps

    async def _quiet(self) -> None:
        """Wait until the outbox has been unchanged for a moment, or has changed for long."""
        loop = asyncio.get_running_loop()
        latest = loop.time() + MOST_S
        while self._news.is_set() and loop.time() < latest:
            self._news.clear()
            await asyncio.sleep(QUIET_S)

    async def _update(self, show: Show) -> str:
        """Bring the ledger's items up to date and write the feed; returns what keeps it."""
        if gone := await self._read_apart(lambda ledger: ledger.episodes.withdrawn()):
            self._unlist(gone)
        digest = show.digest
        while jobs := await self._read_apart(
            lambda ledger: ledger.episodes.outdated(digest, _PAGE)
        ):
            for number in jobs:
                await self._make_item(show, self._ledger.jobs.get(number))
        image = await self._covers.of_show(show)
        keeps = await self._write(msgspec.structs.replace(show, image=image))
        if not keeps:
            await self._covers.remove_left()
        return keeps

    def _unlist(self, paths: Iterable[str]) -> None:
        with self._ledger.transaction():
            self._ledger.episodes.unlist(paths)
            for path in paths:
                self._ledger.covers.settle(path)

    async def _make_item(self, show: Show, job: Job) -> None:
        """Make the item of a published job, and keep it in the ledger."""
        read = partial(untrusted_reads.manifest, self._outbox.folder, job.stem)
        found = await self._outbox.run(read, patience_s=ANSWER_S)
        own = found.episode_guid if found else ""
        guid = self._ledger.episodes.give(job.path, own, job.changed_at)
        item, listed, cover = None, _NOT_EPISODE, ""
        if found is not None and found.source.path == job.path and has_sound(found):
            cover = await self._covers.of_episode(job, found)
            episode, request = await self._requested(show, job, found, guid, cover)
            item = await self._asked(request, job)
            listed = ListedEpisode(
                job.path, episode.dated_s, episode.sound.path, episode.sound.bytes
            )
        if self._ledger.jobs.get(job.id).state is JobState.DONE:
            with self._ledger.transaction():
                self._ledger.episodes.keep(job, show.digest, item, listed, show.folder)
                self._ledger.covers.settle(job.path, *filter(None, [cover]))

    async def _requested(
        self, show: Show, job: Job, found: Manifest, guid: str, cover: str
    ) -> tuple[Episode, EncodedRequest]:
        """Word the request for an item in a thread: a manifest may be long, whoever wrote it."""
        first_s = self._ledger.episodes.first_at(job.path)
        plan: bytes | None = None
        if bytes(found.sentences) == bytes(NO_SENTENCES):
            plan = await self._read_apart(lambda ledger: ledger.jobs.plan(job))

        def word() -> tuple[Episode, EncodedRequest]:
            episode = episode_of(job, found, show, guid, first_s, cover)
            request = FeedRequest(show, episode=episode)
            return episode, request.encode(bytes(found.sentences), plan or b"")

        return await self._work_disk.run(word)

    async def _asked(self, request: EncodedRequest, job: Job) -> bytes | None:
        """Have a parser write an item; None if that breaks it: the feed goes without it."""
        try:
            return await self._parsers.ask(*request, FEED_TURN)
        except SourceError as error:
            log.warning("%s is left out of the feed: %s", printable(job.path), error)
            return None

    async def _write(self, show: Show) -> str:
        """Write the feed of those episodes whose sound stands; returns what keeps it."""
        listed = await self._read_apart(lambda ledger: ledger.episodes.listed(show.folder))
        expected = [ExpectedFile(each.sound, each.size_bytes) for each in listed]
        there = await self._outbox.run(partial(standing, self._outbox.folder, expected))
        shown = [each for each in listed if each.sound in there]
        newest_s = shown[0].dated_at if shown else 0.0
        head = await self._parsers.ask(*FeedRequest(show, newest_s).encode(), FEED_TURN)
        outcome = await self._outbox.finish(self._place(show, head, [each.path for each in shown]))
        if outcome is PlacedFile.OF_OTHERS:
            return (
                f"{printable(str(self._outbox.folder / show.feed_path))} is not narrated's, and is"
                " left alone, so the podcast has no feed. Move it away, or take `podcast:` out of"
                " the configuration."
            )
        log.debug("the feed has %d episodes: %s", len(shown), outcome.name.lower())
        return ""

    async def _place(self, show: Show, head: bytes, paths: list[str]) -> PlacedFile:
        """Compose the feed of these episodes in the work folder, and put it into the outbox."""
        draft, is_serial = self._work / FEED_NAME, show.type == "serial"
        compose = partial(_compose, self._ledger.path, draft, head, paths, is_serial)
        await self._work_disk.run(compose, patience_s=TRANSFER_S)
        try:
            place = partial(place_feed, self._outbox.folder, show.feed_path, draft, MARK)
            return await self._outbox.run(place)
        finally:
            await self._work_disk.run(draft.unlink)

    async def _with_guid(self, show: Show) -> Show:
        """Give a show its number: the ledger's, or that of the feed that stands, or a new one."""
        guid = self._ledger.podcasts.guid(show.folder)
        if not guid:
            place = (self._outbox.folder, show.feed_path, MOST_HEAD_BYTES)
            beginning = await self._outbox.run(partial(feed_beginning, *place))
            guid = guid_in(beginning) or new_guid(show)
            self._ledger.podcasts.give(show.folder, guid)
        return msgspec.structs.replace(show, guid=guid)

    def _tell(self, problem: str) -> None:
        """Log a problem once, and show it in the status until it is gone."""
        if problem and problem != self.problem:
            log.warning("%s", problem)
        self.problem = problem


def _compose(
    ledger_path: Path, draft: Path, head: bytes, paths: list[str], is_numbered: bool
) -> None:
    """Write a feed into a file of the work folder, item by item. Errors: StorageError."""
    with storing(str(draft)), closing(Ledger(ledger_path)) as ledger:
        draft.parent.mkdir(parents=True, exist_ok=True)
        _write_parts(draft, head, ledger.episodes.items(paths), len(paths) if is_numbered else 0)


def _write_parts(draft: Path, head: bytes, items: Iterable[bytes], first: int) -> None:
    """Write the parts of a feed; `first` is the number of its first episode, or 0 for none."""
    with draft.open("wb") as file:
        file.write(head)
        for place, item in enumerate(items):
            file.write(numbered(item, first - place) if first else item)
        file.write(FEED_END)

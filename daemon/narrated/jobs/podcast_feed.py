"""The podcast's feeds: they follow each change of the outbox, and are written last."""

import asyncio
import logging
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field

from narrated.errors import NarratedError
from narrated.jobs.events import (
    CarriedOver,
    EventDispatcher,
    FolderSettingsChanged,
    Moved,
    Published,
    Withdrawn,
)
from narrated.jobs.feed_items import FeedItems
from narrated.jobs.folder_shows import FolderSections, narrated_covers
from narrated.jobs.narration_removal import NarrationRemoval
from narrated.jobs.podcast_page import PodcastPage
from narrated.jobs.read_apart import ReadApart
from narrated.jobs.show_feeds import ShowFeeds
from narrated.jobs.standalone_picture_jobs import PODCAST_COVER, StandalonePictureJobs
from narrated.ledger.episodes import PublishedEpisode
from narrated.ledger.job import JobState
from narrated.ledger.store import Ledger
from narrated.podcast.show import Show
from narrated.podcast.show_section import ShowSection
from narrated.podcast.shows import Shows, ShowSettings
from narrated.printable import printable

QUIET_S = 1.0
"""The outbox must be unchanged for so long before the feeds follow."""
MOST_S = 15.0
"""The feeds of an outbox that changes all the time follow this late at most."""
RETRY_S = 30.0
"""The pause before a feed that could not be written is tried again."""
_MOST_FAILED = 20

log = logging.getLogger("narrated")


@dataclass(eq=False)
class PodcastFeed:
    """Writes `feed.xml` of each show after the outbox has changed, if it is a podcast.

    A parser makes each item once, and the ledger keeps it. So a further episode costs its own item,
    and a copy of the others of its show. What a kill has kept from a feed, the next start makes up
    for: it compares the items with the ledger's published jobs.
    """

    _ledger: Ledger
    _read_apart: ReadApart
    _sections: FolderSections
    _items: FeedItems
    _feeds: ShowFeeds
    _page: PodcastPage
    _pictures: StandalonePictureJobs
    _removal: NarrationRemoval
    settings: ShowSettings | None = None
    """The shows as they are configured; None if the outbox is no podcast."""
    shows: tuple[Show, ...] = ()
    """The shows that have a feed now, with their numbers and covers; that of the root is first."""
    problems: tuple[str, ...] = ()
    """The reasons why feeds are not written, and the faults of folders' sections."""
    _news: asyncio.Event = field(default_factory=asyncio.Event)

    def __post_init__(self) -> None:
        self.follow(self.settings)  # the outbox may have changed before this start

    def listen(self, events: EventDispatcher) -> None:
        """Follow the events that change the outbox, or the shows."""
        self._sections.listen(events)
        for kind in (Published, CarriedOver, Withdrawn, Moved, FolderSettingsChanged):
            events.subscribe(kind, lambda event: self._news.set())

    def follow(self, settings: ShowSettings | None) -> None:
        """Take over the shows of another configuration."""
        self.settings = settings
        self._pictures.follow_cover(settings.inbox_cover if settings else "")
        self._news.set()

    async def run(self) -> None:
        """Bring the feeds up to date after each change, for ever."""
        patience_s: float | None = None
        while True:
            with suppress(TimeoutError):
                await asyncio.wait_for(self._news.wait(), patience_s)
            await self.claim_covers()
            await self._quiet()
            patience_s = None if await self.update() else RETRY_S

    async def update(self) -> bool:
        """Bring the feeds up to date now; False if one could not be written."""
        self._news.clear()
        if self.settings is None:
            self.problems, self.shows = (), ()
            return await self._page.update(None, self.shows)
        try:
            podcast = await self._update(self.settings)
        except NarratedError as error:
            self._tell([f"The podcast's feed is not up to date: {error}"])
            return False
        self._tell([*self._feeds.problems, *self._feeds.covers.problems, *self._sections.problems])
        return await self._page.update(podcast, self.shows) and not self._feeds.problems

    async def claim_covers(self) -> None:
        """Claim the covers of shows at once: such a picture is no narration of its own."""
        if self.settings is not None:
            with suppress(NarratedError):  # the update tells it
                await self._sections.claim_covers()

    async def _quiet(self) -> None:
        """Wait until the outbox has been unchanged for a moment, or has changed for long."""
        loop = asyncio.get_running_loop()
        latest = loop.time() + MOST_S
        while self._news.is_set() and loop.time() < latest:
            self._news.clear()
            await asyncio.sleep(QUIET_S)

    async def _update(self, settings: ShowSettings) -> Show:
        """Bring the ledger's items up to date, then write the feeds.

        Returns the show of the root, which names the page though it may have no feed.
        """
        sections = await self._sections.read(settings.ignore)
        await self._withdraw_covers(sections, settings.inbox_cover)
        if gone := await self._read_apart(lambda ledger: ledger.episodes.withdrawn()):
            self._unlist(gone)
        while (outdated := await self._outdated(settings, sections))[1]:
            shows = {each.folder: each for each in outdated[0]}
            for number, folder in outdated[1]:
                await self._items.make(shows[folder], self._ledger.jobs.get(number))
        listed = await self._read_apart(lambda ledger: ledger.episodes.listed())
        shown = [each for each in outdated[0] if each.folder in listed]
        root = next(each for each in outdated[0] if not each.folder)
        shown = shown or [root]
        self.shows = await self._feeds.write(shown, listed)
        podcast = next((each for each in self.shows if not each.folder), None)
        podcast = podcast or await self._feeds.with_guid(root)
        await self._feeds.remove_others(shown)
        if not self._feeds.problems:
            await self._feeds.covers.remove_left()
        await self._feeds.announce()
        return podcast

    async def _withdraw_covers(self, sections: Mapping[str, ShowSection], root_cover: str) -> None:
        """Withdraw the narrations of pictures that have become covers since."""
        covers = await self._read_apart(lambda each: narrated_covers(each, sections, root_cover))
        for job, folder in covers:
            reason = f"the cover of {printable(folder)}" if folder else PODCAST_COVER
            await self._removal.replace(job, reason)

    async def _outdated(
        self, settings: ShowSettings, sections: Mapping[str, ShowSection]
    ) -> tuple[tuple[Show, ...], list[tuple[int, str]]]:
        """Find all shows, and the jobs whose item is of another show than theirs is now.

        All of it in a thread: it takes some microseconds a narration.
        """

        def find(ledger: Ledger) -> tuple[tuple[Show, ...], list[tuple[int, str]]]:
            return _compared(Shows(settings, sections), ledger.episodes.published())

        return await self._read_apart(find)

    def _unlist(self, paths: Iterable[str]) -> None:
        with self._ledger.transaction():
            self._ledger.episodes.unlist(paths)
            for path in paths:
                self._ledger.covers.settle(path)

    def _tell(self, problems: Iterable[str]) -> None:
        """Log each problem once, and show it in the status until it is gone."""
        told = tuple(dict.fromkeys(problems))
        if news := [each for each in told if each not in self.problems]:
            failed = self._ledger.jobs.in_state(JobState.FAILED, limit=_MOST_FAILED)
            of_posts = {f"{each.problem} {each.remedy}".rstrip() for each in failed}
            for each in news:
                if each not in of_posts:  # settings that are wrong fail the folder's posts as well
                    log.warning("%s", each)
        self.problems = told


def _compared(
    shows: Shows, published: Iterable[PublishedEpisode]
) -> tuple[tuple[Show, ...], list[tuple[int, str]]]:
    """Return the shows of narrations, and the jobs that need an item, each with its show."""
    placed = [(each, shows.place(each.path, each.stem)) for each in published]
    found = shows.shows(with_root=True)
    digests = {each.folder: each.digest for each in found}
    outdated = [(each.job, place) for each, place in placed if each.made_for != digests[place]]
    return found, outdated

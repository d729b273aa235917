"""The podcast's page: follows its feeds, and is written after all that it names."""

import logging
import time
from collections.abc import Iterable, Sequence
from contextlib import closing, suppress
from functools import partial
from pathlib import Path

from narrated.disk_threads import ANSWER_S, TRANSFER_S, DiskThreads
from narrated.errors import NarratedError, StorageError
from narrated.jobs.page_files import PageFiles
from narrated.jobs.page_parts import PagePartMaker, made_for
from narrated.jobs.read_apart import ReadApart
from narrated.jobs.shielded_outbox_changes import ShieldedOutboxChanges
from narrated.ledger.page import ShownEpisode
from narrated.ledger.store import Ledger
from narrated.os_error_remedies import storing
from narrated.outbox.page_files import place_files, place_news, touch
from narrated.outbox.podcast_files import ExpectedFile, PlacedFile, place_feed, standing
from narrated.outbox.published_files import sweep
from narrated.podcast.page_episode import PAGE_FOLDER, PAGE_NAME
from narrated.podcast.page_markup import PAGE_END, PAGE_MARK
from narrated.podcast.page_news import NEWS_NAME, NO_NEWS, PageNews, news_script
from narrated.podcast.page_requests import PageRequest
from narrated.podcast.part_requests import FEED_TURN
from narrated.podcast.show import Show
from narrated.printable import printable
from narrated.workers.parser_pool import ParserPool

_PAGE = 50
"""Episodes that are looked for at once."""

log = logging.getLogger("narrated")


class PodcastPage:
    """Writes `index.html` and the folder beside it, one page for all shows.

    A parser makes the parts of an episode once, and the ledger keeps them. So a further episode
    costs its own parts, a search script, and a copy of the others' entries.
    """

    def __init__(
        self,
        ledger: Ledger,
        outbox: ShieldedOutboxChanges,
        parsers: ParserPool,
        parts: PagePartMaker,
        read_apart: ReadApart,
        work_disk: DiskThreads,
        work: Path,
    ) -> None:
        self._ledger = ledger
        self._outbox = outbox
        self._parsers = parsers
        self._parts = parts
        self._read_apart = read_apart
        self._work = work
        self._work_disk = work_disk
        self._files = PageFiles(ledger, outbox, work_disk)
        self._is_swept = False
        self.is_on = False
        """False if the configuration wants no page."""
        self.stands = False
        """True if the page is there and ours, so that the news may be written beside it."""
        self.problem = ""
        """The reason why the page is not written; empty if it is."""

    async def update(self, podcast: Show | None, shows: Sequence[Show]) -> bool:
        """Bring the page of these shows up to date; False if it could not be written.

        The podcast names it; without one there is none.
        """
        if not self.is_on or podcast is None:
            return await self._leave()
        try:
            problem = await self._update(podcast, shows)
        except NarratedError as error:
            problem = f"The podcast's page is not up to date: {error}"
        self.stands = not problem
        self._tell(problem)
        return not problem

    async def tell_news(self, news: PageNews, patience_s: float = ANSWER_S) -> None:
        """Write the news beside the page, if it stands. Errors: StorageError."""
        if self.stands:
            content = news_script(news, time.time())
            place = partial(place_news, self._outbox.folder, f"{PAGE_FOLDER}/{NEWS_NAME}", content)
            await self._outbox.run(place, patience_s=patience_s)

    async def _leave(self) -> bool:
        """Leave the page as it is, which says then that nothing is being read."""
        with suppress(StorageError):
            await self.tell_news(NO_NEWS)
        self.problem, self.stands = "", False
        return True

    async def _update(self, podcast: Show, shows: Sequence[Show]) -> str:
        """Make what is missing, and write what has changed; returns what keeps the page."""
        if foreign := await self._claim():
            return _of_others(foreign)
        if gone := await self._read_apart(lambda ledger: ledger.page_entries.withdrawn()):
            self._take_off(gone)
        for show in shows:
            await self._make_parts(show)
        folders = [each.folder for each in shows]
        listed = await self._read_apart(lambda ledger: ledger.page_entries.shown(folders))
        shown = await self._with_sound(listed)
        files = await self._files.plan(shown, (await self._parts.pictures.standing_page()).sizes)
        await self._files.write(files.stale)
        head = PageRequest(podcast, tuple(shows), files.searches).encode()
        outcome = await self._write(await self._parsers.ask(*head, FEED_TURN), shown)
        if outcome is PlacedFile.OF_OTHERS:
            return _of_others(str(self._outbox.folder / PAGE_NAME))
        if files.stale and outcome is PlacedFile.UNCHANGED:
            await self._outbox.run(partial(touch, self._outbox.folder, PAGE_NAME))
        await self._files.remove(files.leaving)
        await self._parts.pictures.remove_left()
        return ""

    async def _claim(self) -> str:
        """Take the page's folder; returns the path of what is somebody else's in its place."""
        found = await self._parts.pictures.standing_page()
        if not found.foreign and NEWS_NAME not in found.sizes:
            self._ledger.page_files.expect([NEWS_NAME])
            news = {NEWS_NAME: news_script(NO_NEWS, time.time())}
            place = partial(place_files, self._outbox.folder, PAGE_FOLDER, news)
            await self._outbox.finish(self._outbox.run(place))
        if not found.foreign and not self._is_swept:
            await self._outbox.run(partial(sweep, self._outbox.folder, PAGE_FOLDER))
            self._is_swept = True
        return found.foreign and str(self._outbox.folder / found.foreign)

    async def _make_parts(self, show: Show) -> None:
        folder, wanted = show.folder, made_for(show)
        while jobs := await self._read_apart(
            lambda ledger: ledger.page_entries.outdated(folder, wanted, _PAGE)
        ):
            for number in jobs:
                await self._parts.make(show, self._ledger.jobs.get(number))

    def _take_off(self, paths: Iterable[str]) -> None:
        with self._ledger.transaction():
            self._ledger.page_entries.forget(paths)
            for path in paths:
                self._ledger.page_pictures.settle(path)

    async def _with_sound(self, listed: Sequence[ShownEpisode]) -> list[ShownEpisode]:
        """Leave out the episodes whose sound somebody took away."""

        def look() -> list[ShownEpisode]:
            files = [ExpectedFile(each.sound, each.size_bytes) for each in listed]
            there = standing(self._outbox.folder, files)
            return [each for each in listed if each.sound in there]

        return await self._outbox.run(look)

    async def _write(self, head: bytes, shown: Sequence[ShownEpisode]) -> PlacedFile:
        return await self._outbox.finish(self._place(head, [each.path for each in shown]))

    async def _place(self, head: bytes, paths: list[str]) -> PlacedFile:
        """Compose the page in the work folder, and put it into the outbox."""
        draft = self._work / PAGE_NAME
        compose = partial(_compose, self._ledger.path, draft, head, paths)
        await self._work_disk.run(compose, patience_s=TRANSFER_S)
        try:
            place = partial(place_feed, self._outbox.folder, PAGE_NAME, draft, PAGE_MARK)
            return await self._outbox.run(place)
        finally:
            await self._work_disk.run(draft.unlink)

    def _tell(self, problem: str) -> None:
        """Log a problem once, and show it in the status until it is gone."""
        if problem and problem != self.problem:
            log.warning("%s", problem)
        self.problem = problem


def _of_others(path: str) -> str:
    return (
        f"{printable(path)} is not narrated's, and is left alone, so the podcast has no page."
        " Move it away, or set `podcast: {page: off}`."
    )


def _compose(ledger_path: Path, draft: Path, head: bytes, paths: list[str]) -> None:
    """Write the page into a file of the work folder, entry by entry. Errors: StorageError."""
    with storing(str(draft)), closing(Ledger(ledger_path)) as ledger:
        draft.parent.mkdir(parents=True, exist_ok=True)
        with draft.open("wb") as file:
            file.write(head)
            for entry in ledger.page_entries.entries(paths):
                file.write(entry)
            file.write(PAGE_END)

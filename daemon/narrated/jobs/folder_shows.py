"""Reads the `podcast:` sections of folders' settings: each version once, by a parser."""

import asyncio
import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import msgspec

from narrated.errors import NarratedError, ParserUnavailable, SourceAbsent, StorageError
from narrated.inbox.async_reads import AsyncInboxReader
from narrated.inbox.name_rules import ignored
from narrated.jobs.events import (
    EventDispatcher,
    FolderSettingsChanged,
    PicturesReleased,
    PicturesShown,
)
from narrated.jobs.read_apart import ReadApart
from narrated.jobs.settings_and_lexicons import SETTINGS_BYTES
from narrated.ledger.job import Job
from narrated.ledger.store import Ledger
from narrated.podcast.feed_requests import section_request
from narrated.podcast.part_requests import FEED_TURN
from narrated.podcast.show_section import ShowSection
from narrated.workers.parser_pool import ParserPool


@dataclass(eq=False)
class FolderSections:
    """The sections of the inbox's folders, as the ledger keeps them."""

    _ledger: Ledger
    _inbox: AsyncInboxReader
    _parsers: ParserPool
    _read_apart: ReadApart
    _events: EventDispatcher
    problems: tuple[str, ...] = ()
    """The fault of a section: its show stays as it was."""
    _has_changed: bool = True
    """True if a section may have changed since they were read."""
    _lock: asyncio.Lock = field(default_factory=asyncio.Lock)

    def listen(self, events: EventDispatcher) -> None:
        """Follow the events that change sections."""
        events.subscribe(FolderSettingsChanged, lambda event: self._note_change())

    def _note_change(self) -> None:
        self._has_changed = True

    async def claim_covers(self) -> None:
        """Claim the pictures that sections name, if a section may have changed since.

        Errors: StorageError, ParserUnavailable.
        """
        if self._has_changed or self._lock.locked():
            async with self._lock:
                await self._read_changed()

    async def read(self, ignore: Sequence[str]) -> dict[str, ShowSection]:
        """Return the sections by folders of the inbox, after those that changed were read.

        Errors: StorageError, ParserUnavailable.
        """
        async with self._lock:
            self._has_changed = True  # what a kill has kept from being read, too
            await self._read_changed()
        kept = await self._read_apart(lambda ledger: ledger.folder_shows.all())
        kept = [each for each in kept if not ignored(each.path, ignore)]
        self.problems = tuple(each.problem for each in kept if each.problem)
        return {
            each.path.rpartition("/")[0]: _decoded(each.section) for each in kept if each.section
        }

    async def _read_changed(self) -> None:
        if not self._has_changed:
            return
        self._has_changed = is_read = False  # one that changes meanwhile is read the next time
        try:
            for path in await self._read_apart(lambda ledger: ledger.folder_shows.left()):
                with self._ledger.transaction():
                    self._ledger.folder_shows.forget(path)
                    self._claim(path, None)
            changed = await self._read_apart(lambda ledger: ledger.folder_shows.changed())
            for path, sha256 in changed.items():
                await self._read_version(path, sha256)
            is_read = True
        finally:  # a job that is cancelled leaves the rest to the next
            self._has_changed |= not is_read

    async def _read_version(self, path: str, sha256: str) -> None:
        """Read a settings file that the scanner reported; it reports another version, too."""
        try:
            content = await self._inbox.read(path, SETTINGS_BYTES)
            if hashlib.sha256(content).hexdigest() != sha256:
                return
            section = await self._parsers.ask(*section_request(path, content), FEED_TURN)
        except SourceAbsent:
            return
        except (StorageError, ParserUnavailable):
            raise
        except NarratedError as error:
            self._ledger.folder_shows.keep(path, sha256, None, str(error))
            return
        with self._ledger.transaction():
            self._ledger.folder_shows.keep(path, sha256, section or None)
            self._claim(path, _decoded(section).inbox_picture if section else None)

    def _claim(self, path: str, picture: str | None) -> None:
        """Take a section's picture as one that a post shows: it is no narration of its own."""
        pictures = self._ledger.pictures
        before = pictures.of_post(path)
        shown = {picture: self._ledger.sources.sha256(picture)} if picture else {}
        if self._ledger.galleries.is_known(path):  # the pictures beside it are shown by the gallery
            beside = self._ledger.galleries.files_beside(path)
            shown |= {each: sha256 for each, sha256 in before.items() if each in beside}
        pictures.record(path, shown)
        if shown:
            self._events.publish(PicturesShown(path, tuple(shown)))
        if released := before.keys() - shown.keys():
            self._events.publish(PicturesReleased(path, tuple(released)))


def narrated_covers(
    ledger: Ledger, sections: Mapping[str, ShowSection], root_cover: str
) -> list[tuple[Job, str]]:
    """Return the published jobs of pictures that are covers, each with the folder of its show.

    `root_cover`: the inbox path of the configuration's.
    """
    pictures: dict[str | None, str] = {root_cover: ""}
    pictures |= {each.inbox_picture: folder for folder, each in sections.items()}
    jobs = [(ledger.jobs.published(path), pictures[path]) for path in pictures if path]
    return [(job, folder) for job, folder in jobs if job is not None]


def cover_of_section(ledger: Ledger, settings: str) -> dict[str, str]:
    """Return the picture that the section of these settings names, with its sha256, if any."""
    section = ledger.folder_shows.section(settings)
    picture = _decoded(section).inbox_picture if section else None
    return {picture: ledger.sources.sha256(picture)} if picture else {}


def _decoded(section: bytes) -> ShowSection:
    return msgspec.convert(json.loads(section), ShowSection)

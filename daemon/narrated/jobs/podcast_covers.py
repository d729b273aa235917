"""Covers of the podcast: made by a parser, and written beside what they are of."""

import os
from collections.abc import Iterable, Mapping
from functools import partial
from hashlib import sha256
from pathlib import Path
from typing import NamedTuple

from narrated.disk_threads import ANSWER_S, TRANSFER_S, DiskThreads
from narrated.errors import (
    NarratedError,
    ParserUnavailable,
    SourceAbsent,
    SourceError,
    SourceUnreadable,
)
from narrated.inbox.async_reads import AsyncInboxReader
from narrated.jobs.picture_captions import PICTURE_BYTES, is_picture
from narrated.jobs.shielded_outbox_changes import ShieldedOutboxChanges
from narrated.ledger.job import Job
from narrated.ledger.store import Ledger
from narrated.outbox.manifest import Manifest
from narrated.outbox.podcast_files import (
    ExpectedFile,
    PlacedFile,
    place_picture,
    remove_picture,
    standing,
)
from narrated.outbox.portable_names import LONGEST_NAME_BYTES
from narrated.podcast.part_requests import FEED_TURN
from narrated.podcast.show import Show
from narrated.printable import printable
from narrated.workers.parser_pool import ParserPool

FOLDER_COVER = "folder.jpg"
"""The name by which players of a plain folder find its cover."""
_DIGEST_LENGTH = 8


class PodcastCovers:
    """Writes the covers of shows and episodes; each has a new name when it changes.

    The ledger knows each cover before it is written, so that none is left behind.
    """

    def __init__(
        self,
        ledger: Ledger,
        outbox: ShieldedOutboxChanges,
        parsers: ParserPool,
        inbox: AsyncInboxReader,
        disk: DiskThreads,
    ) -> None:
        self._ledger = ledger
        self._outbox = outbox
        self._parsers = parsers
        self._inbox = inbox
        self._disk = disk
        self._of_shows: dict[str, _ShowCover] = {}
        """By the folders of the shows, since the start."""
        self._problems: dict[str, str] = {}
        """The faults of shows' pictures, by their folders."""
        self._foreign: dict[str, str] = {}
        """Files of others in the places of covers, by the folders of the shows."""

    @property
    def problems(self) -> tuple[str, ...]:
        """The problems of the shows' covers."""
        return tuple(filter(None, (*self._problems.values(), *self._foreign.values())))

    async def of_show(self, show: Show, folders: Iterable[str] = ()) -> str:
        """Return the outbox path of a show's cover, which stands there then; empty if none can.

        These folders have its episodes: each has the cover as well, as players of a plain folder
        look for it. Errors: StorageError, ParserUnavailable.
        """
        state = await self._state_of(show)
        beside = frozenset((show.folder, *folders))
        made_of = (show.title, show.picture, show.inbox_picture, state, beside)
        present = self._of_shows.get(show.folder)
        is_alike = present is not None and present.made_of == made_of
        is_whole = is_alike and not self._foreign.get(show.folder)
        if present is None or not is_whole or not await self._stands(present):
            path, size_bytes = await self._make_of_show(show, beside)
            present = _ShowCover(made_of if path else (), ExpectedFile(path, size_bytes))
            self._of_shows[show.folder] = present
        return present.file.path

    async def _stands(self, cover: "_ShowCover") -> bool:
        look = partial(standing, self._outbox.folder, [cover.file])
        return bool(await self._outbox.run(look, patience_s=ANSWER_S))

    async def _make_of_show(self, show: Show, beside: Iterable[str]) -> tuple[str, int]:
        """Write a show's cover, and a copy into each folder beside; returns its path and size."""
        self._problems[show.folder] = self._foreign[show.folder] = ""
        jpeg = await self._make(show.title, await self._picture_of(show))
        key, name = _key(show), _inside(show.folder, f"cover-{_digest(jpeg)}.jpg")
        if not await self._place(name, key, jpeg):
            return "", 0
        files = [name]
        for copy in (_inside(folder, FOLDER_COVER) for folder in sorted(beside)):
            if await self._place(copy, key, jpeg):
                files.append(copy)
            else:
                self._foreign[show.folder] = (
                    f"{printable(copy)} in the outbox is not narrated's, and stays. Move it away:"
                    " the next change of the outbox puts the show's cover there."
                )
        self._ledger.covers.settle(key, *files)
        return name, len(jpeg)

    def leave(self, show: Show) -> None:
        """Have the covers of a show that is none any more removed. Errors: StorageError."""
        self._ledger.covers.settle(_key(show))
        self._of_shows.pop(show.folder, None)
        self._problems.pop(show.folder, None)
        self._foreign.pop(show.folder, None)

    async def of_episode(self, job: Job, manifest: Manifest) -> str:
        """Return the outbox path of an episode's cover, which stands there then; empty if none can.

        It is of the first picture that the post shows, as it was then.
        Errors: StorageError, ParserUnavailable.
        """
        jpeg = await self._make(
            manifest.title or job.stem, await self._first_picture(job, manifest)
        )
        name = f"{job.stem}.{_digest(jpeg)}.jpg"
        if len(os.fsencode(name.rpartition("/")[2])) > LONGEST_NAME_BYTES:
            return ""
        return name if await self._place(name, job.path, jpeg) else ""

    async def remove_left(self) -> None:
        """Remove the covers that the feed names no more. Errors: StorageError."""
        covers = self._ledger.covers
        for file in covers.leaving():
            remove = partial(remove_picture, self._outbox.folder, file, covers.sha256(file))
            await self._outbox.finish(self._outbox.run(remove))
            covers.forget(file)

    async def _make(self, title: str, picture: bytes) -> bytes:
        header = {"do": "feed_cover", "name": "a cover", "title": title[:1000]}
        return await self._parsers.ask(header, picture, FEED_TURN)

    async def _place(self, file: str, path: str, jpeg: bytes) -> bool:
        """Write a cover; False if something else has its name."""
        older = self._ledger.covers.sha256(file)
        digest = sha256(jpeg).hexdigest()
        place = partial(place_picture, self._outbox.folder, file, jpeg, older)
        if not older:
            self._ledger.covers.expect(file, path, digest)
        outcome = await self._outbox.finish(self._outbox.run(place))
        if outcome is PlacedFile.OF_OTHERS:
            self._ledger.covers.forget(file)
            return False
        self._ledger.covers.expect(file, path, digest)
        return True

    async def _first_picture(self, job: Job, manifest: Manifest) -> bytes:
        """Read the first picture of a post that is as it was; nothing if there is none."""
        shown: Mapping[str, str] = manifest.shows or {}
        if is_picture(job.path):
            shown = {job.path: job.source_sha256}
        for path, digest in shown.items():
            try:
                picture = await self._inbox.read(path, PICTURE_BYTES) if digest else b""
            except ParserUnavailable:
                raise
            except NarratedError:  # better a cover without it than none
                continue
            if picture and sha256(picture).hexdigest() == digest:
                return picture
        return b""

    async def _state_of(self, show: Show) -> tuple[int, int] | None:
        """Size and time of a show's own picture; None if it has none."""
        if not (show.picture or show.inbox_picture):
            return None
        disk, file = self._disk, Path(show.picture)
        if show.inbox_picture:
            disk, file = self._inbox.disk, self._inbox.root / show.inbox_picture

        def look() -> tuple[int, int]:
            try:
                found = file.lstat() if show.inbox_picture else file.stat()
            except (OSError, ValueError):
                return (0, 0)
            return found.st_size, found.st_mtime_ns

        return await disk.run(look)

    async def _picture_of(self, show: Show) -> bytes:
        """Read a show's own picture; nothing if there is none, or if it cannot be read."""
        try:
            if show.inbox_picture:
                return await self._inbox.read(show.inbox_picture, PICTURE_BYTES)
            if show.picture:
                return await self._disk.run(_read, show.picture, patience_s=TRANSFER_S)
        except OSError as error:
            self._problems[show.folder] = (
                f"The podcast's cover is drawn from its title: {printable(show.picture)} cannot be"
                f" read: {error.strerror}. Mend `podcast: {{image: …}}`, then `narrated reload`."
            )
        except (SourceError, SourceAbsent, SourceUnreadable) as error:
            self._problems[show.folder] = (
                f"The cover of {printable(show.folder or '/')} is drawn from its title:"
                f" {error.problem} Mend `podcast: {{image: …}}` of that folder."
            )
        return b""


class _ShowCover(NamedTuple):
    """The present cover of a show."""

    made_of: tuple[object, ...]
    file: ExpectedFile


def _key(show: Show) -> str:
    """The owner of a show's covers in the ledger, which no source can be."""
    return f"{show.folder}/" if show.folder else ""


def _inside(folder: str, name: str) -> str:
    return f"{folder}/{name}" if folder else name


def _read(picture: str) -> bytes:
    with Path(picture).open("rb") as file:
        return file.read(PICTURE_BYTES)


def _digest(jpeg: bytes) -> str:
    return sha256(jpeg).hexdigest()[:_DIGEST_LENGTH]

"""Pictures of the page: copies that a parser makes, beside the page in the outbox."""

from functools import partial
from hashlib import sha256

from narrated.disk_threads import TRANSFER_S
from narrated.errors import SourceError
from narrated.jobs.shielded_outbox_changes import ShieldedOutboxChanges
from narrated.ledger.store import Ledger
from narrated.outbox.page_files import StandingPage, standing_page
from narrated.outbox.podcast_files import (
    PlacedFile,
    picture_content,
    place_picture,
    remove_picture,
)
from narrated.podcast.page_episode import PAGE_FOLDER, PAGE_NAME
from narrated.podcast.page_markup import PAGE_MARK
from narrated.podcast.part_requests import FEED_TURN
from narrated.workers.parser_pool import ParserPool

_DIGEST_LENGTH = 16


def picture_file(key: str, jpeg: bytes) -> str:
    """Return the outbox path of a picture: of one episode alone, by its key, with which it goes."""
    digest = sha256(jpeg).hexdigest()
    named = f"{key} {digest}".encode(errors="surrogateescape")
    return f"{PAGE_FOLDER}/{sha256(named).hexdigest()[:_DIGEST_LENGTH]}.jpg"


class PagePictures:
    """Writes pictures for episodes; the ledger knows each before it is written."""

    def __init__(self, ledger: Ledger, outbox: ShieldedOutboxChanges, parsers: ParserPool) -> None:
        self._ledger = ledger
        self._outbox = outbox
        self._parsers = parsers

    async def standing_page(self) -> StandingPage:
        """Look at the page and its folder as they stand. Errors: StorageError."""
        pictures, files = self._ledger.page_pictures, self._ledger.page_files
        is_known = not (pictures.is_empty() and files.is_empty())
        look = partial(standing_page, self._outbox.folder, PAGE_NAME, PAGE_FOLDER, PAGE_MARK)
        return await self._outbox.run(partial(look, is_known=is_known))

    async def keep(self, path: str, key: str, jpeg: bytes) -> str:
        """Write a picture for the episode of a source; returns its outbox path.

        It is empty if something else has its name. Errors: StorageError.
        """
        digest, file = sha256(jpeg).hexdigest(), picture_file(key, jpeg)
        older = self._ledger.page_pictures.sha256(file)
        self._ledger.page_pictures.expect(file, path, digest)
        place = partial(place_picture, self._outbox.folder, file, jpeg, older, make=True)
        if await self._outbox.finish(self._outbox.run(place)) is PlacedFile.OF_OTHERS:
            self._ledger.page_pictures.forget(file)
            return ""
        return file

    async def shrunk(self, path: str, key: str, picture: bytes, side: int) -> str:
        """Write a picture in at most so many pixels a side; empty if it is none.

        Errors: StorageError, ParserUnavailable.
        """
        header = {"do": "cover", "name": "a picture", "side": side}
        try:
            jpeg = await self._parsers.ask(header, picture, FEED_TURN)
        except SourceError:
            return ""
        return await self.keep(path, key, jpeg)

    async def small_cover(self, path: str, key: str, cover: str, side: int) -> str:
        """Write an episode's cover in a small size; empty if it cannot be read."""
        read = partial(picture_content, self._outbox.folder, cover)
        content = await self._outbox.run(read, patience_s=TRANSFER_S)
        return await self.shrunk(path, key, content, side) if content else ""

    async def remove_left(self) -> None:
        """Remove the pictures that the page shows no more. Errors: StorageError."""
        pictures = self._ledger.page_pictures
        for file in pictures.leaving():
            if not pictures.is_leaving(file):  # a text is about to show it
                continue
            remove = partial(remove_picture, self._outbox.folder, file, pictures.sha256(file))
            await self._outbox.finish(self._outbox.run(remove))
            pictures.forget(file)

"""Texts of posts for the page: kept while planning, with copies of the pictures that they show."""

from collections.abc import Mapping
from hashlib import sha256
from typing import Any, NamedTuple

import msgspec

from narrated.errors import SourceAbsent, SourceError, SourceUnreadable
from narrated.inbox.async_reads import AsyncInboxReader
from narrated.jobs.page_pictures import PagePictures, picture_file
from narrated.jobs.picture_captions import PICTURE_BYTES
from narrated.ledger.page_texts import PictureCopy
from narrated.ledger.store import Ledger
from narrated.outbox.page_files import StandingPage
from narrated.post_html.text_forms import CopyAnswer, PageCopy
from narrated.workers.parser_pool import ParserPool

COPY_SIDE = 1200
"""The most pixels a side of a copy: twice the width of a column of text."""
PICTURE_SIDE = 1600
"""The same of a picture that is shown for itself, and not in a text."""
MOST_PICTURES = 200
"""Bound on the copies of a post; the others are links, or their words."""


class PostText(NamedTuple):
    """A text as a parser wrote it, and the copies that it shows."""

    text: bytes
    copies: tuple[PictureCopy, ...] = ()


class TextPictures(NamedTuple):
    """The pictures that the text of a job shows."""

    job: int
    path: str
    """The source."""
    paths: Mapping[str, str]
    """Their inbox paths by their addresses in the text."""
    digests: Mapping[str, str]
    """Their digests by these paths; empty for a missing one."""
    side: int = COPY_SIDE
    """The most pixels a side of the copies."""


class PostTexts:
    """Keeps the texts of jobs in the ledger, and makes copies of the pictures that they show."""

    def __init__(
        self, ledger: Ledger, inbox: AsyncInboxReader, parsers: ParserPool, pictures: PagePictures
    ) -> None:
        self._ledger = ledger
        self._inbox = inbox
        self._parsers = parsers
        self._pictures = pictures

    async def copies(self, shown: TextPictures, turn: int = 0) -> dict[str, PictureCopy]:
        """Return copies of the pictures that a text shows, by their inbox paths.

        A picture without a copy is gone, another by now, or none that can be read. `turn` is the
        job that waits for a parser, if it is one of many.
        Errors: StorageError, ParserUnavailable, TurnAwaited.
        """
        copies: dict[str, PictureCopy] = {}
        if not any(shown.digests.values()):
            return copies
        page = await self._pictures.standing_page()
        if page.foreign:
            return copies  # somebody else's folder is left alone
        for picture in list(dict.fromkeys(shown.paths.values()))[:MOST_PICTURES]:
            if not shown.digests.get(picture):
                continue
            copy = self._known(shown, picture, page) or await self._copy(shown, picture, turn)
            if copy is not None:
                copies[picture] = copy
        return copies

    def keep(self, job: int, text: PostText) -> None:
        """Keep the text of a job."""
        self._ledger.page_texts.keep(job, text.text, text.copies)

    def _known(self, shown: TextPictures, picture: str, page: StandingPage) -> PictureCopy | None:
        """Return the copy that another version of the source shows, if it stands.

        The ledger knows a copy before it is written, so a kill may have kept it from the outbox.
        """
        copy = self._ledger.page_texts.copy_of(shown.path, shown.digests[picture])
        if copy is None or not self._ledger.page_pictures.sha256(copy.file):
            return None
        if copy.file.rpartition("/")[2] not in page.sizes:
            return None
        self._ledger.page_texts.expect(shown.job, copy)
        return copy

    async def _copy(self, shown: TextPictures, picture: str, turn: int) -> PictureCopy | None:
        digest = shown.digests[picture]
        try:
            content = await self._inbox.read(picture, PICTURE_BYTES)
            if sha256(content).hexdigest() != digest:
                return None
            name = picture.rpartition("/")[2]
            header = {"do": "picture_copy", "name": name, "side": shown.side}
            answer = await self._parsers.ask(header, content, shown.path, turn)
        except (SourceAbsent, SourceError, SourceUnreadable):  # better a text without it than none
            return None
        made = msgspec.msgpack.decode(answer, type=CopyAnswer)
        file = picture_file(shown.path, made.jpeg)
        copy = PictureCopy(file, digest, made.width, made.height)
        self._ledger.page_texts.expect(shown.job, copy)  # or the next page removes it at once
        return copy if await self._pictures.keep(shown.path, shown.path, made.jpeg) else None


def copies_by_address(
    copies: Mapping[str, PictureCopy], paths: Mapping[str, str]
) -> dict[str, Any]:
    """Return copies by the addresses of their pictures in a post, as a parser is told of them."""
    return {
        address: PageCopy(copy.file, copy.width, copy.height)
        for address, path in paths.items()
        if (copy := copies.get(path))
    }

"""The pictures of a gallery: those in its own folder."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from narrated.inbox.async_reads import AsyncInboxReader
from narrated.inbox.folder_scanner import FolderScanner
from narrated.jobs.picture_captions import is_picture
from narrated.jobs.post_dates import day_of_source
from narrated.ledger.store import Ledger


@dataclass(frozen=True, slots=True)
class PicturesBeside:
    """The names of a gallery's pictures, and the day of the newest; "" without any."""

    names: tuple[str, ...]
    newest: str


@dataclass(eq=False)
class GalleryPictures:
    """Lists the pictures beside a gallery's settings."""

    _inbox: AsyncInboxReader
    _ledger: Ledger
    _at_rest: bool
    """Nobody writes to the inbox, so its files count without being ingested."""

    async def of(self, gallery: str, ignore: Iterable[str]) -> PicturesBeside:
        """List the pictures of a gallery; `ignore` are the patterns of the configuration."""
        times = await self._scanned(gallery, ignore) if self._at_rest else self._ingested(gallery)
        names = (path.rpartition("/")[2] for path in times)
        return PicturesBeside(tuple(names), _day(max(times.values(), default=None)))

    def _ingested(self, gallery: str) -> dict[str, int]:
        files = self._ledger.galleries.files_beside(gallery)
        return {path: mtime_ns for path, (_, mtime_ns) in files.items() if is_picture(path)}

    async def _scanned(self, gallery: str, ignore: Iterable[str]) -> dict[str, int]:
        folder = gallery.rpartition("/")[0]
        scanner = FolderScanner(str(self._inbox.root), tuple(ignore), lambda: None)
        listing = await self._inbox.disk.run(scanner.list_folder, folder, {})
        return {name: seen.signature.mtime_ns for name, seen in listing.changed if is_picture(name)}


def _day(mtime_ns: int | None) -> str:
    """The day of a time, but none in the future: a camera's clock may be wrong."""
    if mtime_ns is None:
        return ""
    day = min(day_of_source("", mtime_ns), date.today())
    return "" if day == date.min else day.isoformat()

"""Updates of galleries: each is narrated again once nothing has changed in its folder for a while.

A gallery's source is the settings file of its folder. Its pictures count as shown by it from the
moment they come, so that none gets a narration of its own.
"""

import time
from collections.abc import Sequence
from dataclasses import dataclass, field

from narrated.errors import NarratedError, StorageError
from narrated.inbox import events
from narrated.inbox.async_reads import AsyncInboxReader
from narrated.jobs.events import CarriedOver, EventDispatcher, Published
from narrated.jobs.job_creation import JobCreator
from narrated.jobs.narration_removal import NarrationRemoval
from narrated.jobs.picture_captions import is_picture
from narrated.jobs.settings_and_lexicons import SETTINGS_BYTES
from narrated.jobs.standalone_picture_jobs import StandalonePictureJobs
from narrated.ledger.job import Job, JobCause
from narrated.ledger.store import Ledger
from narrated.printable import printable
from narrated.reading.file_kinds import gallery_in, is_gallery_path, may_be_gallery

QUIET_SETTLES = 10
"""A folder is quiet if nothing came to it for so many times the `settle` of a file."""
CHANGED = "a gallery, whose folder has just changed"


@dataclass(eq=False)
class GalleryUpdates:
    """Notes what changes in galleries, and creates their jobs."""

    _ledger: Ledger
    _jobs: JobCreator
    _pictures: StandalonePictureJobs
    _removal: NarrationRemoval
    _inbox: AsyncInboxReader
    _changed_s: dict[str, float] = field(default_factory=dict)
    """Monotonic times of the last change of each gallery; a start counts as one."""
    _publishes: bool = True
    """True if one of them may have been published since they were last looked through."""

    async def of_event(self, event: events.Event) -> str:
        """Return the gallery that an event changes; "" if none. Errors: StorageError."""
        match event:
            case events.FileReady(path) if is_gallery_path(path):
                return path if self._is_known(path) or await self._may_be_one(path) else ""
            case events.FileReady(path) if is_picture(path):
                gallery = gallery_in(path.rpartition("/")[0])
                if self._is_known(gallery):
                    return gallery
                is_read = bool(self._ledger.sources.sha256(gallery))  # then it is none
                return gallery if not is_read and await self._may_be_one(gallery) else ""
            case events.FileVanished(path) if is_gallery_path(path):
                return path if self._is_known(path) else ""
            case events.FileVanished(path) if is_picture(path):
                gallery = gallery_in(path.rpartition("/")[0])
                return gallery if self._is_known(gallery) else ""
            case _:
                return ""

    def note(self, gallery: str, event: events.Event) -> None:
        """Note a change, in the caller's transaction with what the event changes itself."""
        self._ledger.galleries.mark_changed(gallery)
        self._changed_s[gallery] = time.monotonic()
        if isinstance(event, events.FileReady):
            is_own = event.path == gallery
            came = self._ledger.galleries.files_beside(gallery) if is_own else [event.path]
            self._ledger.pictures.add_unplanned(gallery, filter(is_picture, came))

    def waiting(self, after: str = "") -> list[tuple[str, str]]:
        """List the galleries whose folders have changed, after a path, each with the reason.

        Any thread may read it.
        """
        return [(path, CHANGED) for path in sorted(self._changed_s.copy()) if path > after]

    async def take_up(self, quiet_s: float) -> Sequence[str]:
        """Create the jobs of the galleries whose folders are quiet; returns their paths.

        Errors: StorageError.
        """
        now = time.monotonic()
        changed = self._ledger.galleries.changed()
        self._changed_s = {path: self._changed_s.get(path, now) for path in changed}
        due = [path for path in changed if now - self._changed_s[path] >= quiet_s]
        for path in due:
            if self._ledger.sources.sha256(path):
                self._create_job(path)
            else:
                await self._end(path)
            self._changed_s.pop(path, None)
        return due

    def _create_job(self, gallery: str) -> None:
        sources, current = self._ledger.sources, self._ledger.jobs.current(gallery)
        sha256, signature = sources.sha256(gallery), sources.signature(gallery)
        is_same = current is not None and current.source_sha256 == sha256
        cause = JobCause.PICTURE if is_same else JobCause.FOUND
        with self._ledger.transaction():
            self._ledger.galleries.mark_taken_up(gallery)
            self._jobs.create(gallery, sha256, signature.size if signature else 0, cause)

    async def _end(self, gallery: str) -> None:
        """End a gallery without settings; while pictures stand in its folder it is withdrawn.

        If they went with it, its narration stays or goes as that of any source.
        """
        shown = self._ledger.pictures.of_post(gallery)
        published = self._ledger.jobs.published(gallery)
        if published and any(map(is_picture, self._ledger.galleries.files_beside(gallery))):
            await self._removal.retract(published, "its folder is no gallery any more")
        with self._ledger.transaction():
            self._ledger.galleries.forget(gallery)
            self._ledger.pictures.record(gallery, {})
            self._pictures.release(shown)

    def listen(self, dispatcher: EventDispatcher) -> None:
        """Look for pictures with a narration of their own after a gallery, or one, came out."""
        dispatcher.subscribe(Published, lambda event: self._follow(event.job))
        dispatcher.subscribe(CarriedOver, lambda event: self._follow(event.job))

    def _follow(self, published: Job) -> None:
        self._publishes |= is_gallery_path(published.path) or is_picture(published.path)

    async def withdraw_narrated_alone(self) -> None:
        """Withdraw the narrations of pictures that a published gallery shows.

        Errors: StorageError.
        """
        if not self._publishes:
            return
        self._publishes = False
        try:
            for picture, gallery in self._ledger.galleries.narrated_alone():
                if job := self._ledger.jobs.published(picture):
                    await self._removal.replace(job, f"part of {printable(gallery)}")
        except NarratedError:
            self._publishes = True
            raise

    def _is_known(self, gallery: str) -> bool:
        return self._ledger.galleries.is_known(gallery)

    async def _may_be_one(self, gallery: str) -> bool:
        """True if the settings at a path mention a gallery, or if the disk does not tell."""
        try:
            return may_be_gallery(await self._inbox.read(gallery, SETTINGS_BYTES))
        except StorageError:
            return True
        except NarratedError:  # absent, unreadable or too large
            return False

"""The page's parts of an episode: a parser makes them once, and the ledger keeps them."""

import logging
from functools import partial
from hashlib import sha256
from typing import NamedTuple

import msgspec

from narrated.disk_threads import ANSWER_S, DiskThreads
from narrated.errors import SourceError
from narrated.jobs.feed_episodes import episode_of, has_sound
from narrated.jobs.narration_texts import NarrationTexts
from narrated.jobs.page_pictures import PagePictures
from narrated.jobs.picture_captions import is_picture
from narrated.jobs.read_apart import ReadApart
from narrated.jobs.shielded_outbox_changes import ShieldedOutboxChanges
from narrated.ledger.job import Job, JobState
from narrated.ledger.store import Ledger
from narrated.outbox import untrusted_reads
from narrated.outbox.manifest import Manifest
from narrated.outbox.manifest_sentences import NO_SENTENCES
from narrated.outbox.manifest_takes import ChunkTakes, decoded_takes
from narrated.podcast.episode import LinkedFile
from narrated.podcast.page_episode import SMALL_SIDE, PageChapter, PageDoubt, PageEpisode, page_key
from narrated.podcast.page_markup import PAGE_VERSION
from narrated.podcast.page_requests import PageParts, PageRequest, decoded_parts
from narrated.podcast.part_requests import FEED_TURN, EncodedRequest
from narrated.podcast.show import Show
from narrated.printable import printable
from narrated.reading.file_kinds import is_gallery_path
from narrated.workers.parser_pool import ParserPool

log = logging.getLogger("narrated")


def made_for(show: Show) -> str:
    """Return a digest of all that an episode's parts depend on besides itself."""
    of_page = f"{PAGE_VERSION} {show.digest} {show.title}"
    return sha256(of_page.encode("utf-8", "replace")).hexdigest()[:16]


class PagePartMaker:
    """Makes the parts of episodes."""

    def __init__(
        self,
        ledger: Ledger,
        outbox: ShieldedOutboxChanges,
        parsers: ParserPool,
        texts: NarrationTexts,
        read_apart: ReadApart,
        work_disk: DiskThreads,
    ) -> None:
        self._ledger = ledger
        self._outbox = outbox
        self._parsers = parsers
        self._texts = texts
        self._read_apart = read_apart
        self._work_disk = work_disk
        self.pictures = PagePictures(ledger, outbox, parsers)

    async def make(self, show: Show, job: Job) -> None:
        """Make the parts of a published job's episode, and keep them in the ledger.

        Errors: StorageError, ParserUnavailable.
        """
        read = partial(untrusted_reads.manifest, self._outbox.folder, job.stem)
        found = await self._outbox.run(read, patience_s=ANSWER_S)
        key = page_key(self._ledger.episodes.guid(job.path))
        parts, small_cover = PageParts(), ""
        if found is not None and found.source.path == job.path and has_sound(found):
            small_cover = await self._small_cover(job, key)
            text = await self._texts.of(job, found)
            request = await self._requested(show, job, found, text, small_cover)
            parts = await self._asked(request, job)
        if self._ledger.jobs.get(job.id).state is JobState.DONE:
            with self._ledger.transaction():
                self._ledger.page_entries.keep(job.path, key, job.id, made_for(show), parts)
                self._ledger.page_pictures.settle(job.path, *filter(None, [small_cover]))

    async def _requested(
        self, show: Show, job: Job, found: Manifest, text: bytes, small_cover: str
    ) -> EncodedRequest:
        """Word the request in a thread: a manifest may be long, whoever wrote it."""
        episodes = self._ledger.episodes
        known = _KnownEpisode(
            guid=episodes.guid(job.path),
            first_s=episodes.first_at(job.path),
            cover=next(iter(self._ledger.covers.current(job.path)), ""),
            small_cover=small_cover,
            copies=tuple(each.file for each in self._ledger.page_texts.copies(job.id)),
        )
        plan = b""
        if bytes(found.sentences) == bytes(NO_SENTENCES):
            plan = await self._read_apart(lambda ledger: ledger.jobs.plan(job) or b"")
        word = partial(_worded, show, job, found, known)
        return await self._work_disk.run(lambda: word().encode(bytes(found.sentences), plan, text))

    async def _asked(self, request: EncodedRequest, job: Job) -> PageParts:
        """Have a parser write the parts; none if that breaks it: the page goes without them."""
        try:
            answer = await self._parsers.ask(*request, FEED_TURN)
            return await self._work_disk.run(decoded_parts, answer)
        except (SourceError, msgspec.DecodeError) as error:
            log.warning("%s is left out of the page: %s", printable(job.path), error)
            return PageParts()

    async def _small_cover(self, job: Job, key: str) -> str:
        for cover in self._ledger.covers.current(job.path):
            return await self.pictures.small_cover(job.path, key, cover, SMALL_SIDE)
        return ""


class _KnownEpisode(NamedTuple):
    """An episode as the ledger knows it."""

    guid: str
    first_s: float
    cover: str
    small_cover: str
    copies: tuple[str, ...]
    """The copies of its text's pictures, by their outbox paths."""


def _worded(show: Show, job: Job, found: Manifest, known: _KnownEpisode) -> PageRequest:
    episode = episode_of(job, found, show, known.guid, known.first_s, known.cover)
    files = (*episode.transcripts, episode.chapters)
    asked = PageEpisode(
        key=page_key(known.guid),
        guid=known.guid,
        title=episode.title,
        dated_s=episode.dated_s,
        duration_s=episode.duration_s,
        sound=episode.sound,
        show=show.title,
        folder=show.folder,
        author=episode.author,
        language=episode.language or show.language,
        description=episode.description,
        cover=known.cover,
        small_cover=known.small_cover,
        kind=_kind(job.path),
        doubts=_doubts(found),
        chapters=_chapters(found),
        files=tuple(each for each in files if isinstance(each, LinkedFile)),
        picture=next(iter(known.copies), "") if is_picture(job.path) else "",
        pictures=known.copies,
    )
    return PageRequest(episode=asked, blocks=episode.blocks)


def _kind(path: str) -> str:
    """Tell what kind of narration is that of a source."""
    if is_gallery_path(path):
        return "gallery"
    return "picture" if is_picture(path) else "post"


def _chapters(manifest: Manifest) -> tuple[PageChapter, ...]:
    return tuple(PageChapter(each.start_s, each.title) for each in manifest.chapters or ())


def _doubts(manifest: Manifest) -> tuple[PageDoubt, ...]:
    takes = decoded_takes(manifest.takes)
    doubtful = (each for each in takes.chunks if each.is_doubtful) if takes else ()
    return tuple(PageDoubt(each.start_s, each.end_s, _wrong(each)) for each in doubtful)


def _wrong(chunk: ChunkTakes) -> str:
    """Say in plain words what is wrong with a take."""
    faults = "; ".join(each.told for each in chunk.faults)
    heard = f" A speech model heard: \u201c{chunk.heard}\u201d" if chunk.heard else ""
    return f"Doubtful sound: {faults}.{heard}"

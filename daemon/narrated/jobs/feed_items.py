"""Makes the items of a feed from published narrations: each once, by a parser."""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from narrated.disk_threads import ANSWER_S, DiskThreads
from narrated.errors import SourceError
from narrated.jobs.feed_episodes import episode_of, has_sound
from narrated.jobs.narration_texts import NarrationTexts
from narrated.jobs.podcast_covers import PodcastCovers
from narrated.jobs.read_apart import ReadApart
from narrated.jobs.shielded_outbox_changes import ShieldedOutboxChanges
from narrated.ledger.episodes import ListedEpisode
from narrated.ledger.job import Job, JobState
from narrated.ledger.store import Ledger
from narrated.outbox import untrusted_reads
from narrated.outbox.manifest import Manifest
from narrated.outbox.manifest_sentences import NO_SENTENCES
from narrated.podcast.episode import Episode
from narrated.podcast.feed_requests import FeedRequest
from narrated.podcast.part_requests import FEED_TURN, EncodedRequest
from narrated.podcast.show import Show
from narrated.printable import printable
from narrated.workers.parser_pool import ParserPool

_NOT_EPISODE = ListedEpisode("", 0.0, "", 0)

log = logging.getLogger("narrated")


@dataclass(eq=False)
class FeedItems:
    """Makes items, and keeps them in the ledger with the covers that they name."""

    _ledger: Ledger
    _outbox: ShieldedOutboxChanges
    _parsers: ParserPool
    covers: PodcastCovers
    _texts: NarrationTexts
    _has_texts: Callable[[], bool]
    """True if texts are kept as they are written, for the page."""
    _read_apart: ReadApart
    _work_disk: DiskThreads

    async def make(self, show: Show, job: Job) -> None:
        """Make the item of a published job in its show, and keep it in the ledger.

        Errors: StorageError, ParserUnavailable.
        """
        read = partial(untrusted_reads.manifest, self._outbox.folder, job.stem)
        found = await self._outbox.run(read, patience_s=ANSWER_S)
        own = found.episode_guid if found else ""
        guid = self._ledger.episodes.give(job.path, own, job.changed_at)
        item, listed, cover = None, _NOT_EPISODE, ""
        if found is not None and found.source.path == job.path and has_sound(found):
            cover = await self.covers.of_episode(job, found)
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
        text = await self._texts.of(job, found) if self._has_texts() else b""

        def word() -> tuple[Episode, EncodedRequest]:
            episode = episode_of(job, found, show, guid, first_s, cover)
            request = FeedRequest(show, episode=episode)
            return episode, request.encode(bytes(found.sentences), plan or b"", text)

        return await self._work_disk.run(word)

    async def _asked(self, request: EncodedRequest, job: Job) -> bytes | None:
        """Have a parser write an item; None if that breaks it: the feed goes without it."""
        try:
            return await self._parsers.ask(*request, FEED_TURN)
        except SourceError as error:
            log.warning("%s is left out of the feed: %s", printable(job.path), error)
            return None

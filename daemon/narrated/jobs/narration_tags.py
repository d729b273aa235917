"""The tags of a narration: album, cover, description are as much of it as its words are."""

from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256

from narrated.audio.audio_tags import AudioTags
from narrated.errors import NarratedError, ParserUnavailable
from narrated.inbox.async_reads import AsyncInboxReader
from narrated.jobs.picture_captions import PICTURE_BYTES
from narrated.jobs.plan import OutputSettings, Plan
from narrated.ledger.job import Job
from narrated.outbox.manifest import Manifest
from narrated.reading.file_kinds import is_gallery_path
from narrated.reading.title_from_path import is_bundle
from narrated.script.first_paragraph import first_paragraph
from narrated.workers.parser_pool import ParserPool

COVER_PIXELS = 1000
CHAPTER_PIXELS = 600
"""The longest sides of the cover, and of a chapter's picture."""
_MOST_PICTURES = 100
_MOST_PICTURE_BYTES = 4 << 20


@dataclass(eq=False)
class TagMaker:
    """Makes the tags of a job's narration; parsers make its cover."""

    _parsers: ParserPool
    _inbox: AsyncInboxReader

    async def make(self, job: Job, plan: Plan) -> AudioTags:
        """Make the tags of a plan. Errors: ParserUnavailable."""
        draft, output = plan.draft, plan.output
        return AudioTags(
            title=draft.title,
            author=draft.author or output.author,
            album=album_of(job.path, output),
            date=draft.date,
            language=draft.language,
            cover=await self._cover(job, plan),
            description=draft.description or draft.opening or first_paragraph(draft.script),
            genres=draft.tags,
        )

    async def pictures(self, plan: Plan) -> dict[str, bytes]:
        """Make small JPEGs of the pictures that begin chapters, by their addresses.

        Only an mp3 has a place for them. One that is absent, broken or changed has none, nor have
        those after the first 100 or 4 MiB. Errors: ParserUnavailable.
        """
        if plan.output.format != "mp3":
            return {}
        made: dict[str, bytes] = {}
        size_bytes = 0
        shown = [each.picture for each in plan.chapters if each.picture in plan.pictures]
        for address in list(dict.fromkeys(shown))[:_MOST_PICTURES]:
            path = plan.pictures[address]
            picture = await self._small(path, plan.shown.get(path, ""), CHAPTER_PIXELS)
            if picture is None:
                continue
            size_bytes += len(picture) * shown.count(address)
            if size_bytes > _MOST_PICTURE_BYTES:
                break
            made[address] = picture
        return made

    async def _cover(self, job: Job, plan: Plan) -> bytes | None:
        """Make a JPEG of the first picture shown that is unchanged since; None if there is none."""
        for path, digest in _covers(job, plan, plan.shown).items():
            if cover := await self._small(path, digest, COVER_PIXELS):
                return cover
        return None

    async def _small(self, path: str, digest: str, side: int) -> bytes | None:
        """Make a JPEG of a picture; None if it is broken, absent, or changed since."""
        if not digest:
            return None
        try:
            picture = await self._inbox.read(path, PICTURE_BYTES)
            if sha256(picture).hexdigest() == digest:
                return await self._parsers.ask({"do": "cover", "side": side}, picture, path)
        except ParserUnavailable:
            raise
        except NarratedError:  # better a narration without a picture than none
            pass
        return None


def same_tags(job: Job, older: Job, plan: Plan, published: Manifest) -> bool:
    """True if a published narration of the same words has the tags of a plan.

    `published` is its manifest. One that is too old to name pictures counts as having the same.
    """
    shown = published.shows
    now = _covers(job, plan, plan.shown)
    before = _covers(older, plan, plan.shown if shown is None else shown)
    is_same_album = album_of(job.path, plan.output) == album_of(older.path, plan.output)
    is_same_cover = list(now.values()) == list(before.values())
    about = (plan.draft.description, plan.draft.tags)
    return is_same_album and is_same_cover and about == (published.description, published.tags)


def album_of(path: str, output: OutputSettings) -> str:
    """The configured album, or the folder's name; a bundle's `index.md` lies in its parent's."""
    folder = path.rpartition("/")[0]
    if is_bundle(path) or is_gallery_path(path):
        folder = folder.rpartition("/")[0]
    return output.album or folder.rpartition("/")[2] or "narrated"


def _covers(job: Job, plan: Plan, shown: Mapping[str, str]) -> dict[str, str]:
    """The pictures that may be the cover: inbox path to sha256, without missing ones."""
    candidates = {job.path: job.source_sha256} if plan.draft.kind == "picture" else shown
    return {path: digest for path, digest in candidates.items() if digest}

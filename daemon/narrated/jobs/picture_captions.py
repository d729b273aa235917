"""Captions of pictures: finds those that a post shows, and has each described."""

import asyncio
import os
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from hashlib import sha256

from narrated.errors import EngineError, EngineReplaced, SourceAbsent, SourceError, TurnAwaited
from narrated.inbox import picture_paths
from narrated.inbox.async_reads import AsyncInboxReader
from narrated.jobs.plan import JobDefaults, json_digest
from narrated.ledger.store import Ledger
from narrated.ledger.takes import CAPTION
from narrated.reading.file_kinds import PICTURES
from narrated.script.script import Caption, Draft
from narrated.workers.request_matching import EngineAccess, ScheduledRequest
from narrated.workers.worker import RequestResult

PICTURE_BYTES = 256 * 2**20
WEIGHT = 200.0
"""The scheduler counts a caption as this many characters of its job."""
POLL_S = 0.1
CAPTIONER = "captions"
PLACEHOLDER = "not looked at yet"
"""The caption of every picture if pictures are only found."""


@dataclass(eq=False)
class PictureCaptions:
    """Has pictures described; the ledger keeps captions, so that each is made only once."""

    _inbox: AsyncInboxReader
    _ledger: Ledger
    _engine_access: EngineAccess
    _at_rest: bool
    """Nobody writes to the inbox, so its pictures count without being ingested."""
    _finds_only: bool
    """Pictures are found, but none is described."""
    _may_wait: Callable[[int, str], bool]
    """True if a job may wait for `CAPTIONER` now; otherwise it ends, and is run again."""

    async def describe(self, picture: bytes, job_id: int, defaults: JobDefaults) -> str:
        """Caption a picture; the scheduler charges `job_id`.

        Errors: EngineLoading, TurnAwaited.
        """
        if self._finds_only:
            return PLACEHOLDER
        while True:
            engine = await self._engine_access.engine(defaults.captions, waits=not job_id)
            with suppress(EngineReplaced):  # the next round asks the new one
                return await self._describe(picture, job_id, defaults, engine.identity)

    async def _describe(
        self, picture: bytes, job_id: int, defaults: JobDefaults, identity: str
    ) -> str:
        options = dict(defaults.caption_options)
        digest = sha256(picture).hexdigest()
        key = json_digest([digest, identity, options])
        self._ledger.captions.ask(key, digest)
        text = self._ledger.captions.get(key)
        if text is None:
            request = ScheduledRequest(
                key=CAPTION + key,
                engine=defaults.captions,
                job=job_id,
                weight=WEIGHT,
                header={"options": options},
                payload=picture,
                identity=identity,
            )
            if not self._may_wait(job_id, CAPTIONER):
                raise TurnAwaited("Other pictures are described first.")
            result = await self._engine_access.perform(request)
            text = str(result.header["text"])
            self._learn(defaults, result, text)
            self._ledger.captions.record(key, text)
        return text

    def _learn(self, defaults: JobDefaults, result: RequestResult, text: str) -> None:
        captioner = (defaults.captions, "", dict(defaults.caption_options))
        work_s = float(result.header["elapsed_s"])
        identity = str(result.header["identity"])
        self._ledger.rates.learn(captioner, identity, len(text), 0.0, work_s)

    async def of_post(
        self, path: str, draft: Draft, job_id: int, defaults: JobDefaults, waits_for_absent: bool
    ) -> tuple[dict[str, Caption], dict[str, str]]:
        """Captions by address as written in the post, and the sha256 of each picture by path.

        A cover that the front matter names comes first; nobody describes it.

        Errors: SourceAbsent, if `waits_for_absent`, for a known picture that is absent.
        """
        captions: dict[str, Caption] = {}
        by_path: dict[str, Caption] = {}
        shown: dict[str, str] = {}
        # All pictures share one deadline: a post may name thousands that never come.
        deadline = time.monotonic() + defaults.picture_wait_s
        roots = _roots(draft, defaults)
        if cover := _cover(path, draft, roots):  # the first picture shown is the cover
            is_ignored = await self._is_ignored(cover, defaults)
            shown[cover] = "" if is_ignored else await self._wait_for(cover, deadline)
        for picture in draft.shown:
            target = picture_paths.resolve(path, picture.source, roots)
            if target is None or not is_picture(target):
                captions[picture.source] = Caption(
                    missing="it is not a picture in the inbox, and nothing is fetched"
                )
                continue
            if target not in by_path:  # one picture may have a thousand spellings
                by_path[target], shown[target] = await self._caption(
                    target, job_id, defaults, deadline, waits_for_absent
                )
            captions[picture.source] = by_path[target]
        return captions, shown

    def described(
        self,
        path: str,
        draft: Draft,
        captions: Mapping[str, Caption],
        shown: Mapping[str, str],
        defaults: JobDefaults,
    ) -> dict[str, str]:
        """Those of the pictures shown that have a caption: each other one is left to itself."""
        roots = _roots(draft, defaults)
        missing = {
            picture_paths.resolve(path, source, roots)
            for source, caption in captions.items()
            if caption.missing
        }
        return {each: digest for each, digest in shown.items() if each not in missing}

    def shown(self, path: str, draft: Draft, defaults: JobDefaults) -> dict[str, str]:
        """The pictures of the inbox that a post shows, each with its sha256; none is described."""
        roots = _roots(draft, defaults)
        targets = {picture_paths.resolve(path, each.source, roots) for each in draft.shown}
        targets.add(_cover(path, draft, roots))
        pictures = [each for each in targets if each and is_picture(each)]
        return {each: self._ledger.sources.sha256(each) for each in pictures}

    def paths(self, path: str, draft: Draft, defaults: JobDefaults) -> dict[str, str]:
        """The inbox paths of the pictures that begin a post's chapters, by their addresses."""
        roots = _roots(draft, defaults)
        addresses = {each.picture for each in draft.chapters if each.picture}
        found = {each: picture_paths.resolve(path, each, roots) for each in addresses}
        return {each: target for each, target in found.items() if target and is_picture(target)}

    def shown_paths(self, path: str, draft: Draft, defaults: JobDefaults) -> dict[str, str]:
        """Return the inbox paths of all pictures that a source shows, by their addresses."""
        if draft.kind == "picture":
            return {each.source: path for each in draft.shown}
        roots = _roots(draft, defaults)
        found = {
            each.source: picture_paths.resolve(path, each.source, roots) for each in draft.shown
        }
        return {each: target for each, target in found.items() if target and is_picture(target)}

    def cover(self, path: str, draft: Draft, defaults: JobDefaults) -> str | None:
        """Return the inbox path of the cover that a post's front matter names; None if it leads
        to no picture of the inbox."""
        return _cover(path, draft, _roots(draft, defaults))

    async def _caption(
        self, path: str, job_id: int, defaults: JobDefaults, deadline: float, waits_for_absent: bool
    ) -> tuple[Caption, str]:
        if await self._is_ignored(path, defaults):
            return Caption(missing=f"{path} is ignored"), ""
        digest = await self._wait_for(path, deadline)
        if not digest:
            return Caption(missing=f"{path} is not in the inbox"), ""
        try:
            text = await self.describe(
                await self._inbox.read(path, PICTURE_BYTES), job_id, defaults
            )
        except SourceAbsent as error:
            if waits_for_absent and self._ledger.sources.sha256(path) == digest:
                raise
            return Caption(missing=error.problem), ""
        except (SourceError, EngineError) as error:
            return Caption(missing=error.problem), digest
        return Caption(text=text), digest

    async def _is_ignored(self, path: str, defaults: JobDefaults) -> bool:
        """True if the inbox will not report a picture: nobody need wait for it."""
        if self._ledger.sources.sha256(path) or not await self._inbox.exists(path):
            return False
        return await self._inbox.ignores(path, defaults.ignore)

    async def _wait_for(self, path: str, deadline: float) -> str:
        """Return the sha256 of an ingested picture; wait for one that is still being written."""
        if self._at_rest and await self._inbox.exists(path):
            return sha256(await self._inbox.read(path, PICTURE_BYTES)).hexdigest()
        while not (digest := self._ledger.sources.sha256(path)):
            if time.monotonic() > deadline or not await self._inbox.exists(path):
                return ""
            await asyncio.sleep(POLL_S)
        return digest


def _roots(draft: Draft, defaults: JobDefaults) -> dict[str, str]:
    roots = {f"/{prefix.strip('/')}": top for prefix, top in defaults.picture_roots.items()}
    return roots | draft.overrides.pictures


def _cover(path: str, draft: Draft, roots: Mapping[str, str]) -> str | None:
    """The picture that a post's front matter names; None if there is none in the inbox."""
    target = picture_paths.resolve(path, draft.cover, roots) if draft.cover else None
    return target if target and is_picture(target) else None


def is_picture(path: str) -> bool:
    """True if a source is a picture, by its name."""
    return os.path.splitext(path)[1].lower() in PICTURES  # noqa: PTH122  # fast

"""Planning: reads a job's source, describes its pictures, and cuts its script into chunks."""

import asyncio
import hashlib
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

import msgspec

from narrated.errors import EngineError, NarratedError, SourceAbsent, SourceError
from narrated.inbox import safe_read
from narrated.jobs.overrides import Overrides, Texts
from narrated.jobs.plan import OutputSettings, Plan, json_digest, take_key
from narrated.ledger.job import Job
from narrated.ledger.store import Ledger
from narrated.reading.source_reader import PICTURES
from narrated.script.script import Caption, Chunk, Draft, ReadingSettings, Speaker
from narrated.workers.parser_pool import ParserPool
from narrated.workers.pool import EngineInfo
from narrated.workers.schedule import Request, Scheduler

TEXT_BYTES = 64 * 2**20
PICTURE_BYTES = 256 * 2**20
CAPTION_WEIGHT = 200.0
"""The scheduler counts a caption as this many characters of its job."""
PICTURE_POLL_S = 0.1
UNSEEN = "not looked at yet"
"""The caption of every picture if the planner is blind."""


@dataclass(frozen=True, slots=True)
class JobDefaults:
    """The settings of new jobs, from the configuration in force."""

    settings: ReadingSettings
    output: OutputSettings
    limits: Mapping[str, int]
    """Engine name to the length of its longest chunk, in characters."""
    captions: str
    """The engine that describes pictures."""
    caption_options: Mapping[str, Any]
    picture_roots: Mapping[str, str]
    """Prefix of a picture's address to the folder of the inbox that it stands for."""
    picture_wait_s: float
    lexicon: Path | None
    ignore: Sequence[str] = ()


class SourceChanged(NarratedError):
    """The source is no longer the job's version; the scanner will report the newer one."""


class Planner:
    """Makes plans. Untrusted bytes are parsed only in the child processes of the parser pool."""

    def __init__(
        self,
        inbox: Path,
        ledger: Ledger,
        parsers: ParserPool,
        scheduler: Scheduler,
        disk: Executor,
        *,
        at_rest: bool = False,
        blind: bool = False,
    ) -> None:
        """`at_rest`: nobody writes to the inbox, so its pictures count without being ingested.

        `blind`: find pictures, but have none described.
        """
        self._inbox = inbox
        self._ledger = ledger
        self._parsers = parsers
        self._scheduler = scheduler
        self._disk = disk
        self._at_rest = at_rest
        self._blind = blind

    def overrides(
        self, defaults: JobDefaults, *, of_folders: bool = True, waits_for_absent: bool = False
    ) -> Overrides:
        """Build the reader of settings and lexicons for one plan."""
        return Overrides(
            self._inbox,
            self._ledger,
            self._disk,
            defaults.ignore,
            of_folders=of_folders,
            waits_for_absent=waits_for_absent,
        )

    async def plan(self, job: Job, defaults: JobDefaults, overrides: Overrides) -> Plan:
        """Plan a job. Errors: SourceChanged, SourceError, EngineError."""
        source = await self._read_source(job)
        return await self._plan(job.path, source, job.id, defaults, overrides)

    async def plan_text(self, text: str, defaults: JobDefaults) -> Plan:
        """Plan a text that is no file; of the inbox, only the root's lexicon applies to it."""
        overrides = self.overrides(defaults, of_folders=False)
        return await self._plan("said.txt", text.encode(), 0, defaults, overrides)

    async def draft(self, path: str, defaults: JobDefaults) -> Draft:
        """Draft the script of a file of the inbox as it is now."""
        source = await self._read(path, _size_limit(path))
        return (await self._draft(path, source, 0, defaults, self.overrides(defaults)))[0]

    async def cover(self, plan: Plan, job: Job) -> bytes | None:
        """Make a JPEG of the first picture shown that is unchanged since; None if there is none."""
        for path, sha256 in _cover_candidates(plan, job).items():
            try:
                picture = await self._read(path, PICTURE_BYTES)
                if hashlib.sha256(picture).hexdigest() == sha256:
                    return await self._parsers.ask({"do": "cover"}, picture)
            except NarratedError:
                continue  # better a narration without a cover than none
        return None

    async def describe(self, picture: bytes, flow: int, defaults: JobDefaults) -> str:
        """Caption a picture; the ledger keeps captions, so that each is made only once."""
        if self._blind:
            return UNSEEN
        engine = await self._scheduler.engine(defaults.captions)
        options = dict(defaults.caption_options)
        key = json_digest([hashlib.sha256(picture).hexdigest(), engine.identity, options])
        text = self._ledger.captions.get(key)
        if text is None:
            request = Request(
                key=f"caption-{key}",
                engine=defaults.captions,
                job=flow,
                weight=CAPTION_WEIGHT,
                header={"options": options},
                payload=picture,
            )
            result = await self._scheduler.perform(request)
            text = str(result.header["text"])
            self._ledger.captions.record(key, text)
        return text

    async def _plan(
        self, path: str, source: bytes, flow: int, defaults: JobDefaults, overrides: Overrides
    ) -> Plan:
        """Plan a source as if it were at this path of the inbox."""
        draft, shown = await self._draft(path, source, flow, defaults, overrides)
        engines = {
            name: await self._scheduler.engine(speaker.engine)
            for name, speaker in draft.speakers.items()
        }
        digests = tuple(
            _chunk_digest(chunk, draft.speakers[chunk.speaker], engines[chunk.speaker])
            for chunk in draft.chunks
        )
        chosen = self._ledger.takes.choices(path)
        takes = tuple(chosen.get(digest, 0) for digest in digests)
        return Plan(
            draft=draft,
            output=_output_settings(defaults.output, draft),
            settings=draft.surroundings.settings,
            digests=digests,
            takes=takes,
            keys=tuple(map(take_key, digests, takes)),
            shown=shown,
            voices={
                name: engines[name].voices.get(speaker.voice, "")
                for name, speaker in draft.speakers.items()
            },
            identities={engine.name: engine.identity for engine in engines.values()},
            consulted=dict(overrides.consulted),
        )

    async def _draft(
        self, path: str, source: bytes, flow: int, defaults: JobDefaults, overrides: Overrides
    ) -> tuple[Draft, dict[str, str]]:
        """Draft the script, and list the pictures shown.

        The source is parsed twice if it shows pictures or names lexicons: the first time to find
        them, the second time with captions and lexicons.
        """
        folders = await overrides.settings(path)
        lexicons = _configured_lexicon(defaults.lexicon) + await overrides.lexicons(path)
        request = {
            "do": "plan",
            "name": path.rpartition("/")[2],
            "captions": {},
            "lexicons": lexicons,
            "folders": folders,
            "settings": msgspec.to_builtins(defaults.settings),
            "limits": dict(defaults.limits),
        }
        draft = await self._parse(request, source)
        references = draft.surroundings.lexicons if draft.narrate else ()
        named = await overrides.named_lexicons(path, folders, references)
        if not draft.shown and not named:
            return draft, {}
        captions, shown = await self._captions(
            path, draft, source, flow, defaults, overrides.waits_for_absent
        )
        request |= {"lexicons": lexicons + named, "captions": msgspec.to_builtins(captions)}
        return await self._parse(request, source), shown

    async def _parse(self, request: Mapping[str, Any], source: bytes) -> Draft:
        return msgspec.json.decode(await self._parsers.ask(request, source), type=Draft)

    async def _captions(
        self,
        path: str,
        draft: Draft,
        source: bytes,
        flow: int,
        defaults: JobDefaults,
        waits_for_absent: bool,
    ) -> tuple[dict[str, Caption], dict[str, str]]:
        """Captions by address as written in the source, and the sha256 of each picture by path."""
        if draft.kind == "picture":
            text = await self.describe(source, flow, defaults)
            return {draft.shown[0].source: Caption(text=text)}, {}
        captions: dict[str, Caption] = {}
        by_path: dict[str, Caption] = {}
        shown: dict[str, str] = {}
        # All pictures share one deadline: a post may name thousands that never come.
        deadline = time.monotonic() + defaults.picture_wait_s
        roots = _picture_roots(defaults, draft)
        for picture in draft.shown:
            target = safe_read.resolve(path, picture.source, roots)
            if target is None or not _is_picture(target):
                captions[picture.source] = Caption(
                    missing="it is not a picture in the inbox, and nothing is fetched"
                )
                continue
            if target not in by_path:  # one picture may have a thousand spellings
                by_path[target], shown[target] = await self._caption(
                    target, flow, defaults, deadline, waits_for_absent
                )
            captions[picture.source] = by_path[target]
        return captions, shown

    async def _caption(
        self, path: str, flow: int, defaults: JobDefaults, deadline: float, waits_for_absent: bool
    ) -> tuple[Caption, str]:
        sha256 = await self._wait_for_picture(path, deadline)
        if not sha256:
            return Caption(missing=f"{path} is not in the inbox"), ""
        try:
            picture = await self._read(path, PICTURE_BYTES)
            return Caption(text=await self.describe(picture, flow, defaults)), sha256
        except SourceAbsent as error:
            if waits_for_absent and self._ledger.sources.sha256(path) == sha256:
                raise
            return Caption(missing=error.problem), ""
        except (SourceError, EngineError) as error:
            return Caption(missing=error.problem), sha256

    async def _wait_for_picture(self, path: str, deadline: float) -> str:
        """Return the sha256 of an ingested picture; wait for one that is still being written."""
        if self._at_rest and safe_read.exists(self._inbox, path):
            return hashlib.sha256(await self._read(path, PICTURE_BYTES)).hexdigest()
        while not (sha256 := self._ledger.sources.sha256(path)):
            if not safe_read.exists(self._inbox, path) or time.monotonic() > deadline:
                return ""
            await asyncio.sleep(PICTURE_POLL_S)
        return sha256

    async def _read_source(self, job: Job) -> bytes:
        source = await self._read(job.path, _size_limit(job.path))
        if hashlib.sha256(source).hexdigest() != job.source_sha256:
            raise SourceChanged("The source changed before it was read.")
        return source

    async def _read(self, path: str, limit_bytes: int) -> bytes:
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(
            self._disk, safe_read.read, self._inbox, path, limit_bytes
        )


def _is_picture(path: str) -> bool:
    return PurePosixPath(path).suffix.lower() in PICTURES


def _size_limit(path: str) -> int:
    return PICTURE_BYTES if _is_picture(path) else TEXT_BYTES


def _picture_roots(defaults: JobDefaults, draft: Draft) -> dict[str, str]:
    roots = {"/" + prefix.strip("/"): folder for prefix, folder in defaults.picture_roots.items()}
    return roots | draft.surroundings.pictures


def _cover_candidates(plan: Plan, job: Job) -> dict[str, str]:
    if plan.draft.kind == "picture":
        return {job.path: job.source_sha256}
    return {path: sha256 for path, sha256 in plan.shown.items() if sha256}


def _configured_lexicon(lexicon: Path | None) -> Texts:
    """Read the configured lexicon; every lexicon of the inbox overrides it."""
    if lexicon is None:
        return []
    try:
        return [(str(lexicon), lexicon.read_text(encoding="utf-8"))]
    except (OSError, UnicodeDecodeError) as error:
        raise SourceError(
            f"The pronunciations {lexicon} cannot be read: {error}.",
            "Mend or remove that file, then `narrated retry --failed`.",
        ) from error


def _output_settings(output: OutputSettings, draft: Draft) -> OutputSettings:
    return msgspec.structs.replace(output, album=draft.surroundings.album or output.album)


def _chunk_digest(chunk: Chunk, speaker: Speaker, engine: EngineInfo) -> str:
    voice = engine.voices.get(speaker.voice, speaker.voice)
    return json_digest(
        [speaker.engine, engine.identity, voice, chunk.text, chunk.language, speaker.options]
    )

"""A job's manuscript: its source read, its pictures described, its script cut into chunks."""

import asyncio
import hashlib
import json
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any, Self

import msgspec

from narrated.errors import EngineError, NarratedError, SourceAbsent, SourceError
from narrated.inbox import safe_read
from narrated.jobs.overrides import Overrides, Texts
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
"""What a caption costs its job in the scheduler's fairness, in characters."""
PICTURE_POLL_S = 0.1
UNSEEN = "not looked at yet"
"""What is said of a picture that a blind desk finds."""


class OutputSettings(msgspec.Struct, frozen=True):
    """How a narration is published; part of what a job keeps from its beginning."""

    format: str = "mp3"
    bitrate: int | None = None
    album: str = ""
    author: str = ""


class Plan(msgspec.Struct, frozen=True):
    """All that a job needs to be spoken and published, whatever changes meanwhile."""

    plan: Draft
    edition: OutputSettings
    settings: ReadingSettings
    digests: tuple[str, ...]
    """One a chunk: what is said, by whom, with which model; the same for every take."""
    takes: tuple[int, ...]
    """One a chunk: the chosen take."""
    keys: tuple[str, ...]
    """One a chunk: the chosen take's key in the cache."""
    shown: dict[str, str]
    """The inbox paths of the pictures it shows, with their sha256, '' where missing."""
    identities: dict[str, str] = {}
    """Its engines by name, as the digests were made; takes of any other are not these."""
    voices: dict[str, str] = {}
    """Its speakers by name, with the digest of the voice of each, empty where it was not listed."""
    consulted: dict[str, str] = {}
    """The inbox paths of the settings and lexicons that it was written by, with their sha256."""

    @property
    def narration(self) -> str:
        """Digest of everything that the published sound and its tags hang on."""
        plan = self.plan
        said = [plan.title, plan.author, plan.date, plan.language, [c.pause_s for c in plan.chunks]]
        return _digest([said, self.keys, msgspec.to_builtins(self.edition)])

    def header(self, seq: int) -> dict[str, Any]:
        """What the worker is told of one chunk."""
        chunk = self.plan.chunks[seq]
        speaker = self.plan.speakers[chunk.speaker]
        return {
            "text": chunk.text,
            "voice": speaker.voice,
            "voice_digest": self.voices.get(chunk.speaker),
            "options": speaker.options,
            "language": chunk.language,
            "seed": seed(self.digests[seq], self.takes[seq]),
        }

    def engine(self, seq: int) -> str:
        return self.plan.speakers[self.plan.chunks[seq].speaker].engine

    def packed(self) -> bytes:
        """As the ledger keeps it: JSON with escapes, since names may hold bytes not of UTF-8."""
        return json.dumps(msgspec.to_builtins(self)).encode("ascii")

    @classmethod
    def unpacked(cls, content: bytes) -> Self:
        """The manuscript as it was packed; PlanOutdated where an earlier narrated packed it."""
        try:
            return msgspec.convert(json.loads(content), cls)
        except (ValueError, msgspec.ValidationError) as error:
            raise PlanOutdated(f"Its plan has another form: {error}.", "Try again.") from error


@dataclass(frozen=True, slots=True)
class JobDefaults:
    """What the configuration in force says of new jobs."""

    settings: ReadingSettings
    edition: OutputSettings
    limits: Mapping[str, int]
    captions: str
    caption_options: Mapping[str, Any]
    picture_roots: Mapping[str, str]
    picture_wait_s: float
    lexicon: Path | None
    ignore: Sequence[str] = ()


class PlanOutdated(NarratedError):
    """What a manuscript was written for is no more: its engine, a voice, or its own form."""


class SourceChanged(NarratedError):
    """The source is no longer the version that the job is for; its newer one is on its way."""


class Planner:
    """Makes manuscripts; reads untrusted bytes only through the editors, its child processes."""

    def __init__(
        self,
        inbox: Path,
        ledger: Ledger,
        editors: ParserPool,
        scheduler: Scheduler,
        disk: Executor,
        *,
        at_rest: bool = False,
        blind: bool = False,
    ) -> None:
        """`blind`: pictures are found, but nobody is asked what they show."""
        self._inbox = inbox
        self._ledger = ledger
        self._editors = editors
        self._scheduler = scheduler
        self._disk = disk
        self._at_rest = at_rest
        self._blind = blind

    def beside(
        self, wishes: JobDefaults, *, of_folders: bool = True, insists: bool = False
    ) -> Overrides:
        """What is to be consulted for one plan."""
        return Overrides(
            self._inbox,
            self._ledger,
            self._disk,
            wishes.ignore,
            of_folders=of_folders,
            insists=insists,
        )

    async def prepare(self, job: Job, wishes: JobDefaults, beside: Overrides) -> Plan:
        """Read a job's source, have its pictures described, and cut its script into chunks."""
        return await self._write(job.path, await self._source(job), job.id, wishes, beside)

    async def dictated(self, text: str, wishes: JobDefaults) -> Plan:
        """The manuscript of a text without a file: of the inbox only its root's lexicon holds."""
        beside = self.beside(wishes, of_folders=False)
        return await self._write("said.txt", text.encode(), 0, wishes, beside)

    async def _write(
        self, path: str, source: bytes, flow: int, wishes: JobDefaults, beside: Overrides
    ) -> Plan:
        """The manuscript of a source that would stand at this path of the inbox."""
        plan, shown = await self._draft(path, source, flow, wishes, beside)
        infos = {
            name: await self._scheduler.engine(speaker.engine)
            for name, speaker in plan.speakers.items()
        }
        digests = tuple(
            _chunk_digest(chunk, plan.speakers[chunk.speaker], infos[chunk.speaker])
            for chunk in plan.chunks
        )
        chosen = self._ledger.takes.choices(path)
        takes = tuple(chosen.get(digest, 0) for digest in digests)
        return Plan(
            plan=plan,
            edition=_edition(wishes.edition, plan),
            settings=plan.surroundings.settings,
            digests=digests,
            takes=takes,
            keys=tuple(map(take_key, digests, takes)),
            shown=shown,
            voices={
                name: infos[name].voices.get(speaker.voice, "")
                for name, speaker in plan.speakers.items()
            },
            identities={info.name: info.identity for info in infos.values()},
            consulted=dict(beside.consulted),
        )

    async def draft_of(self, path: str, wishes: JobDefaults) -> Draft:
        """What would be said of a file of the inbox as it is now."""
        source = await self._read(path, _most_bytes(path))
        return (await self._draft(path, source, 0, wishes, self.beside(wishes)))[0]

    async def cover(self, manuscript: Plan, job: Job) -> bytes | None:
        """A JPEG of the first picture shown that is still as it was; None where there is none."""
        for path, sha256 in self._pictured(manuscript, job).items():
            try:
                picture = await self._read(path, PICTURE_BYTES)
                if hashlib.sha256(picture).hexdigest() == sha256:
                    return await self._editors.ask({"do": "cover"}, picture)
            except NarratedError:
                continue  # a narration without a cover is better than none
        return None

    def _pictured(self, manuscript: Plan, job: Job) -> dict[str, str]:
        if manuscript.plan.kind == "picture":
            return {job.path: job.source_sha256}
        return {path: sha256 for path, sha256 in manuscript.shown.items() if sha256}

    async def _source(self, job: Job) -> bytes:
        source = await self._read(job.path, _most_bytes(job.path))
        if hashlib.sha256(source).hexdigest() != job.source_sha256:
            raise SourceChanged("The source changed before it was read.")
        return source

    async def _read(self, path: str, limit_bytes: int) -> bytes:
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(
            self._disk, safe_read.read, self._inbox, path, limit_bytes
        )

    async def _draft(
        self, path: str, source: bytes, flow: int, wishes: JobDefaults, beside: Overrides
    ) -> tuple[Draft, dict[str, str]]:
        """The plan, and the pictures shown; read twice where it shows or names anything."""
        folders = await beside.settings(path)
        lexicons = _configured(wishes.lexicon) + await beside.lexicons(path)
        request = {
            "do": "plan",
            "name": path.rpartition("/")[2],
            "captions": {},
            "lexicons": lexicons,
            "folders": folders,
            "settings": msgspec.to_builtins(wishes.settings),
            "limits": dict(wishes.limits),
        }
        plan = await self._plan(request, source)
        lexicons_named = plan.surroundings.lexicons if plan.narrate else ()
        named = await beside.named(path, folders, lexicons_named)
        if not plan.shown and not named:
            return plan, {}
        captions, shown = await self._captions(path, plan, source, flow, wishes, beside.insists)
        request |= {"lexicons": lexicons + named, "captions": msgspec.to_builtins(captions)}
        return await self._plan(request, source), shown

    async def _plan(self, request: Mapping[str, Any], source: bytes) -> Draft:
        return msgspec.json.decode(await self._editors.ask(request, source), type=Draft)

    async def _captions(
        self, path: str, plan: Draft, source: bytes, flow: int, wishes: JobDefaults, insists: bool
    ) -> tuple[dict[str, Caption], dict[str, str]]:
        """Captions by source as written, and the sha256 of each picture by inbox path.

        `insists` as for what lies beside a post.
        """
        if plan.kind == "picture":
            text = await self.describe(source, flow, wishes)
            return {plan.shown[0].source: Caption(text=text)}, {}
        captions: dict[str, Caption] = {}
        by_place: dict[str, Caption] = {}
        shown: dict[str, str] = {}
        # One deadline for all: a post may name thousands that never come.
        deadline = time.monotonic() + wishes.picture_wait_s
        roots = {"/" + prefix.strip("/"): folder for prefix, folder in wishes.picture_roots.items()}
        roots |= plan.surroundings.pictures
        for picture in plan.shown:
            place = safe_read.resolve(path, picture.source, roots)
            if place is None or PurePosixPath(place).suffix.lower() not in PICTURES:
                captions[picture.source] = Caption(
                    missing="it is not a picture in the inbox, and nothing is fetched"
                )
                continue
            if place not in by_place:  # the same one may be written in a thousand ways
                by_place[place], shown[place] = await self._caption(
                    place, flow, wishes, deadline, insists
                )
            captions[picture.source] = by_place[place]
        return captions, shown

    async def _caption(
        self, path: str, flow: int, wishes: JobDefaults, deadline: float, insists: bool
    ) -> tuple[Caption, str]:
        sha256 = await self._settled(path, deadline)
        if not sha256:
            return Caption(missing=f"{path} is not in the inbox"), ""
        try:
            picture = await self._read(path, PICTURE_BYTES)
            return Caption(text=await self.describe(picture, flow, wishes)), sha256
        except SourceAbsent as error:
            if insists and self._ledger.sources.sha256(path) == sha256:
                raise
            return Caption(missing=error.problem), ""
        except (SourceError, EngineError) as error:
            return Caption(missing=error.problem), sha256

    async def _settled(self, path: str, deadline: float) -> str:
        """The digest of a picture the inbox has taken; waits for one still arriving until then."""
        if self._at_rest and safe_read.exists(self._inbox, path):
            return hashlib.sha256(await self._read(path, PICTURE_BYTES)).hexdigest()
        while not (sha256 := self._ledger.sources.sha256(path)):
            if not safe_read.exists(self._inbox, path) or time.monotonic() > deadline:
                return ""
            await asyncio.sleep(PICTURE_POLL_S)
        return sha256

    async def describe(self, picture: bytes, flow: int, wishes: JobDefaults) -> str:
        """What the captioner says of a picture; a picture is looked at once."""
        if self._blind:
            return UNSEEN
        info = await self._scheduler.engine(wishes.captions)
        options = dict(wishes.caption_options)
        key = _digest([hashlib.sha256(picture).hexdigest(), info.identity, options])
        text = self._ledger.captions.get(key)
        if text is None:
            order = Request(
                key=f"caption-{key}",
                engine=wishes.captions,
                job=flow,
                weight=CAPTION_WEIGHT,
                header={"options": options},
                payload=picture,
            )
            result = await self._scheduler.perform(order)
            text = str(result.header["text"])
            self._ledger.captions.record(key, text)
        return text


def _most_bytes(path: str) -> int:
    return PICTURE_BYTES if PurePosixPath(path).suffix.lower() in PICTURES else TEXT_BYTES


def _configured(lexicon: Path | None) -> Texts:
    """The configured pronunciations, which weigh less than all that lie in the inbox."""
    if lexicon is None:
        return []
    try:
        return [(str(lexicon), lexicon.read_text(encoding="utf-8"))]
    except (OSError, UnicodeDecodeError) as error:
        raise SourceError(
            f"The pronunciations {lexicon} cannot be read: {error}.",
            "Mend or remove that file, then `narrated retry --failed`.",
        ) from error


def _edition(edition: OutputSettings, plan: Draft) -> OutputSettings:
    return msgspec.structs.replace(edition, album=plan.surroundings.album or edition.album)


def take_key(digest: str, take: int) -> str:
    """The cache key of one take of a chunk."""
    return _digest([digest, take])


def seed(digest: str, take: int) -> int:
    """The seed of a take's generator: the same take always sounds the same.

    The take's number stands in the low byte, so that an engine that has only a few ways to say
    a thing says another one in the next take, and its plain one in the first.
    """
    return int(digest[:10], 16) << 8 | take & 0xFF


def _chunk_digest(chunk: Chunk, speaker: Speaker, info: EngineInfo) -> str:
    voice = info.voices.get(speaker.voice, speaker.voice)
    return _digest(
        [speaker.engine, info.identity, voice, chunk.text, chunk.language, speaker.options]
    )


def _digest(value: Any) -> str:
    text = json.dumps(value, sort_keys=True, ensure_ascii=True)
    return hashlib.sha256(text.encode()).hexdigest()

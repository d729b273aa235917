"""Planning: reads a job's source, and makes its script, chunks, digests and takes."""

import json
import logging
from collections.abc import Mapping
from dataclasses import dataclass, replace
from hashlib import sha256
from pathlib import Path
from typing import Any

import msgspec

from narrated.disk_threads import DiskThreads
from narrated.engines.engine_info import EngineInfo
from narrated.errors import NarratedError, SourceError, SourceTookTooLong
from narrated.inbox.async_reads import AsyncInboxReader
from narrated.jobs.gallery_pictures import GalleryPictures
from narrated.jobs.held_posts import find_hold
from narrated.jobs.left_out_posts import LeftOutPosts
from narrated.jobs.passed_over import listing_missing_cover, without_foreign_voice
from narrated.jobs.picture_captions import PICTURE_BYTES, PictureCaptions, is_picture
from narrated.jobs.plan import JobDefaults, OutputSettings, Plan, chunk_digest, take_key
from narrated.jobs.planned_scripts import PlannedScripts, ScriptFile
from narrated.jobs.post_texts import (
    COPY_SIDE,
    PICTURE_SIDE,
    PostText,
    PostTexts,
    TextPictures,
    copies_by_address,
)
from narrated.jobs.settings_and_lexicons import SettingsAndLexicons, Texts
from narrated.jobs.sound_file_digests import SoundFileDigests
from narrated.ledger.job import Job
from narrated.ledger.page_texts import PictureCopy
from narrated.ledger.store import Ledger
from narrated.outbox.manifest import Manifest
from narrated.post_html.text_forms import DraftWithText
from narrated.printable import printable
from narrated.reading.file_kinds import is_gallery_path
from narrated.script.script import Caption, Draft, ReadingSettings, Speaker
from narrated.workers.parser_pool import ParserPool
from narrated.workers.request_matching import EngineAccess

log = logging.getLogger("narrated")

TEXT_BYTES = 64 * 2**20


class SourceChanged(NarratedError):
    """The source is no longer the job's version; the scanner will report the newer one."""


@dataclass(frozen=True, slots=True)
class _PlanRequest:
    """A source to be planned, and the settings for it."""

    path: str
    source: bytes
    job_id: int
    """0 without a job."""
    defaults: JobDefaults
    overrides: SettingsAndLexicons
    script: ScriptFile | None = None
    """The script file that is said for it."""
    place: str = ""
    """Its path with more folders than the root has; empty if it has none."""


@dataclass(eq=False)
class Planner:
    """Makes plans. Untrusted bytes are parsed only in the child processes of the parser pool."""

    _inbox: AsyncInboxReader
    _ledger: Ledger
    parsers: ParserPool
    _engine_access: EngineAccess
    _disk: DiskThreads
    """That of the configured lexicon."""
    captions: PictureCaptions
    _galleries: GalleryPictures
    _sound_files: SoundFileDigests
    texts: PostTexts
    scripts: PlannedScripts
    _left_out: LeftOutPosts

    def overrides(
        self, defaults: JobDefaults, *, of_folders: bool = True, waits_for_absent: bool = False
    ) -> SettingsAndLexicons:
        """Build the reader of settings and lexicons for one plan."""
        ignore = defaults.ignore
        return SettingsAndLexicons(self._inbox, self._ledger, ignore, of_folders, waits_for_absent)

    async def plan(self, job: Job, defaults: JobDefaults, overrides: SettingsAndLexicons) -> Plan:
        """Plan a job.

        Errors: SourceChanged, SourceError, EngineError, EngineLoading, HeldBack, TooOld.
        """
        source = await self._read(job.path)
        if sha256(source).hexdigest() != job.source_sha256:
            raise SourceChanged("The source changed before it was read.")
        script = await self.scripts.of_job(job)
        return await self._plan(_PlanRequest(job.path, source, job.id, defaults, overrides, script))

    async def plan_once(
        self,
        path: str,
        source: bytes,
        defaults: JobDefaults,
        place: str = "",
        *,
        of_folders: bool = True,
    ) -> Plan:
        """Plan these bytes without a job, as if they lay at this path below the root.

        `place`: its path with more folders than the root has; they may name it, or its day.
        `of_folders`: their settings apply. Errors: as `plan`.
        """
        overrides = self.overrides(defaults, of_folders=of_folders)
        request = _PlanRequest(path, source, 0, defaults, overrides, place=place)
        return await self._plan(request)

    async def keep_text(self, job: Job, narration: Manifest, defaults: JobDefaults) -> None:
        """Keep the text of a narration of before, if its source is as it was.

        Errors: SourceChanged, SourceError.
        """
        source = await self._read(job.path)
        if sha256(source).hexdigest() != job.source_sha256:
            raise SourceChanged("The source is no longer the one that was narrated.")
        request = await self._request(job.path, defaults, self.overrides(defaults))
        draft, _ = await self._parse(job.path, request, source, 0)
        digests = narration.shows or {job.path: job.source_sha256}
        pictures = self._pictures(job.id, job.path, draft, digests, defaults)
        copies = await self.texts.copies(pictures)
        request |= {
            "copies": copies_by_address(copies, pictures.paths),
            "sentences": bytes(narration.sentences).decode(errors="replace"),
            "lines": [msgspec.structs.asdict(each) for each in narration.blocks],
        }
        _, text = await self._parse(job.path, request, source, 0)
        if text:
            self.texts.keep(job.id, PostText(text, tuple(copies.values())))

    async def settings(self, path: str, defaults: JobDefaults) -> ReadingSettings:
        """Return the settings that hold for a post as it is now. Errors: SourceError, SourceAbsent.

        No picture is looked at.
        """
        source, overrides = await self._read(path), self.overrides(defaults)
        request = await self._request(path, defaults, overrides)
        request["review"] = self._review_request(_PlanRequest(path, source, 0, defaults, overrides))
        draft, _ = await self._parse(path, request, source, 0)
        return draft.overrides.settings

    async def draft(self, path: str, defaults: JobDefaults, place: str = "") -> Draft:
        """Draft the script of a file of the inbox as it is now.

        `place`: its path with more folders than the inbox has; they may name it, or hold it back.
        """
        source, overrides = await self._read(path), self.overrides(defaults)
        script = await self.scripts.beside(path)
        request = _PlanRequest(path, source, 0, defaults, overrides, script, place)
        draft = (await self._draft(request))[0]
        hold = find_hold(place or path, draft) if defaults.holds_drafts else None
        return draft if hold is None else msgspec.structs.replace(draft, held_back=hold.why)

    async def draft_once(
        self, path: str, source: bytes, defaults: JobDefaults, place: str = ""
    ) -> Draft:
        """Draft these bytes as if they lay at this path below the root, without a script file."""
        overrides = self.overrides(defaults)
        request = _PlanRequest(path, source, 0, defaults, overrides, place=place)
        return (await self._draft(request))[0]

    async def _plan(self, asked: _PlanRequest) -> Plan:
        """Plan a source as if it were at this path of the inbox."""
        path, defaults = asked.path, asked.defaults
        draft, shown, text = await self._draft(asked)
        if text is not None and text.text and draft.narrate:
            self.texts.keep(asked.job_id, text)
        draft, engines = await self._with_engines(path, draft, waits=not asked.job_id)
        digests = tuple(
            chunk_digest(chunk, draft.speakers[chunk.speaker], engines[chunk.speaker])
            for chunk in draft.chunks
        )
        chosen = self._ledger.takes.choices(path)
        takes = tuple(chosen.get(digest, 0) for digest in digests)
        output, sound_digests = await self._output(draft, defaults.output)
        return Plan(
            draft=draft,
            output=output,
            settings=draft.overrides.settings,
            digests=digests,
            takes=takes,
            keys=tuple(map(take_key, digests, takes)),
            shown=shown,
            script=dict(asked.script.recorded) if asked.script else {},
            voices={
                who: engines[who].voices.get(each.voice, "") for who, each in draft.speakers.items()
            },
            identities={engine.name: engine.identity for engine in engines.values()},
            narrator_options={
                engine.name: dict(engine.narrator_options) for engine in engines.values()
            },
            consulted=dict(asked.overrides.consulted),
            pictures=self.captions.paths(path, draft, defaults),
            sound_digests=sound_digests,
        )

    async def _with_engines(
        self, path: str, draft: Draft, *, waits: bool
    ) -> tuple[Draft, dict[str, EngineInfo]]:
        """Find the engine of each speaker; a voice that the narrator's lacks goes out of the draft.

        An engine has the options of a narrator, and steady ones, only if the settings say so.
        """
        engines = await self._engines(draft.speakers, waits=waits)
        kept = without_foreign_voice(path, draft, engines["narrator"])
        if kept is not draft:
            draft, engines = kept, await self._engines(kept.speakers, waits=waits)
        settings = draft.overrides.settings
        return draft, {who: _as_set(each, settings) for who, each in engines.items()}

    async def _output(
        self, draft: Draft, output: OutputSettings
    ) -> tuple[OutputSettings, dict[str, str]]:
        """The output settings of a source, and the digests of its intro and outro.

        A picture of its own has neither. Errors: StorageError.
        """
        album = draft.overrides.album or output.album
        output = msgspec.structs.replace(output, album=album)
        if draft.kind == "picture":
            output = msgspec.structs.replace(output, **dict.fromkeys(output.sounds, ""))
        is_said = draft.narrate and bool(draft.chunks)
        return output, await self._sound_files.of(output.sounds) if is_said else {}

    async def _engines(
        self, speakers: Mapping[str, Speaker], *, waits: bool
    ) -> dict[str, EngineInfo]:
        """The engine of each speaker; all that name one engine get the same identity of it."""
        voices: dict[str, set[str]] = {}
        for speaker in speakers.values():
            voices.setdefault(speaker.engine, set()).update({speaker.voice} - {""})
        engine = self._engine_access.engine
        found = {name: await engine(name, voices[name], waits=waits) for name in voices}
        return {who: found[speaker.engine] for who, speaker in speakers.items()}

    async def _draft(self, asked: _PlanRequest) -> tuple[Draft, dict[str, str], PostText | None]:
        """Draft the script, list the pictures shown, and write the text if a page is to show it.

        The source is parsed twice if it shows pictures or names lexicons: the first time to find
        them, the second time with captions and lexicons.
        """
        path, source, job_id, defaults = asked.path, asked.source, asked.job_id, asked.defaults
        request = await self._request(path, defaults, asked.overrides, asked.place)
        request["review"] = self._review_request(asked)
        has_text = bool(job_id) and defaults.has_page
        if has_text:
            request["copies"] = {}
        try:
            draft, text = await self._parse(path, request, source, job_id)
        except SourceError:
            await self._check_left_out(asked, request)
            raise
        references = draft.overrides.lexicons if draft.narrate else ()
        if job_id and draft.narrate:
            self._left_out.check(self._ledger.jobs.get(job_id), draft, defaults)
        named = await asked.overrides.named_lexicons(path, request["folders"], references)
        if not (draft.shown or draft.cover or named):
            return draft, {}, PostText(text) if has_text else None
        captions, shown = await self._described(asked, draft)
        copies: dict[str, PictureCopy] = {}
        if has_text and draft.narrate:
            digests = shown or {path: sha256(source).hexdigest()}
            pictures = self._pictures(job_id, path, draft, digests, defaults)
            copies = await self.texts.copies(pictures, job_id)
            request["copies"] = copies_by_address(copies, pictures.paths)
        if captions or named:
            request["lexicons"] = request["lexicons"] + named
            request["captions"] = msgspec.to_builtins(captions)
            draft, text = await self._parse(path, request, source, job_id)
        if draft.kind == "gallery" and not shown:
            draft = msgspec.structs.replace(draft, narrate=False)
        cover = self.captions.cover(path, draft, defaults)
        kept = PostText(text, tuple(copies.values())) if has_text else None
        return listing_missing_cover(draft, cover, shown), shown, kept

    async def _check_left_out(self, asked: _PlanRequest, request: Mapping[str, Any]) -> None:
        """Raise HeldBack or TooOld for a post that is left out, however broken its script file."""
        if asked.script is None or not asked.job_id:
            return
        alone = {**request, "review": self._review_request(replace(asked, script=None))}
        draft, _ = await self._parse(asked.path, alone, asked.source, asked.job_id)
        if draft.narrate:
            self._left_out.check(self._ledger.jobs.get(asked.job_id), draft, asked.defaults)

    async def _described(
        self, asked: _PlanRequest, draft: Draft
    ) -> tuple[dict[str, Caption], dict[str, str]]:
        """Caption the pictures of a draft; returns the captions, and the pictures shown."""
        path, job_id, defaults = asked.path, asked.job_id, asked.defaults
        if draft.kind == "picture":
            described = await self.captions.describe(asked.source, job_id, defaults)
            return {draft.shown[0].source: Caption(text=described)}, {}
        waits = asked.overrides.waits_for_absent
        captions, shown = await self.captions.of_post(path, draft, job_id, defaults, waits)
        if draft.kind == "gallery":
            shown = self.captions.described(path, draft, captions, shown, defaults)
        return captions, shown

    def _pictures(
        self, job: int, path: str, draft: Draft, digests: Mapping[str, str], defaults: JobDefaults
    ) -> TextPictures:
        paths = self.captions.shown_paths(path, draft, defaults)
        side = COPY_SIDE if draft.kind == "text" else PICTURE_SIDE
        return TextPictures(job, path, paths, digests, side)

    async def _request(
        self, path: str, defaults: JobDefaults, overrides: SettingsAndLexicons, place: str = ""
    ) -> dict[str, Any]:
        """Word the request for a draft, without captions."""
        folders, lexicons = await overrides.by_place(path)
        if defaults.lexicon is not None:
            lexicons = await self._disk.run(_configured_lexicon, defaults.lexicon) + lexicons
        request: dict[str, Any] = {
            "name": path.rpartition("/")[2],
            "folder": (place or path).rpartition("/")[0],
            "captions": {},
            "lexicons": lexicons,
            "folders": folders,
            "settings": msgspec.to_builtins(defaults.settings),
            "engines": msgspec.to_builtins(defaults.engines),
            "asked": dict(defaults.asked),
        }
        if is_gallery_path(path):
            beside = await self._galleries.of(path, defaults.ignore)
            request |= {"pictures": beside.names, "newest_picture": beside.newest}
        return request

    def _review_request(self, asked: _PlanRequest) -> dict[str, Any]:
        stem = self._ledger.jobs.get(asked.job_id).stem if asked.job_id else ""
        return self.scripts.request(asked.path, asked.script, asked.defaults.review, stem)

    async def _parse(
        self, path: str, request: Mapping[str, Any], source: bytes, job_id: int
    ) -> tuple[Draft, bytes]:
        """Have a source parsed; returns its text as well, if the request has copies for it.

        A source whose text breaks the parser is narrated without one.
        Lexicons and captions may be large, so they follow the source.
        """
        header = {"do": "plan", "source_bytes": len(source)}
        asked = source + json.dumps(request).encode("ascii")  # paths may not be Unicode
        if "copies" in request:
            try:
                with_text = header | {"do": "plan_with_text"}
                content = await self.parsers.ask(with_text, asked, path, job_id)
                answer = msgspec.msgpack.decode(content, type=DraftWithText)
                return msgspec.json.decode(answer.draft, type=Draft), answer.text
            except SourceTookTooLong:
                raise
            except SourceError as error:
                log.debug("%s is read without its text: %s", printable(path), error)
        content = await self.parsers.ask(header, asked, path, job_id)
        return msgspec.json.decode(content, type=Draft), b""

    async def _read(self, path: str) -> bytes:
        return await self._inbox.read(path, PICTURE_BYTES if is_picture(path) else TEXT_BYTES)


def _configured_lexicon(lexicon: Path) -> Texts:
    """Read the configured lexicon; every lexicon of the inbox overrides it."""
    try:
        return [(str(lexicon), lexicon.read_text(encoding="utf-8"))]
    except (OSError, UnicodeDecodeError) as error:
        raise SourceError(
            f"The pronunciations {lexicon} cannot be read: {error}.",
            "Mend or remove that file, then `narrated retry --failed`.",
        ) from error


def _as_set(engine: EngineInfo, settings: ReadingSettings) -> EngineInfo:
    """The engine with the options that the settings let it add to those of its speakers."""
    if not settings.narrators_rate:
        engine = replace(engine, narrator_options={})
    if not settings.steady_takes:
        engine = replace(engine, steady_options={})
    return replace(engine, narrator_options=engine.usual_options)

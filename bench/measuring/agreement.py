"""Checks that outbox, ledger and inbox agree, by a user's knowledge of the inbox alone."""

import hashlib
import os
import sqlite3
from collections import Counter, defaultdict
from collections.abc import Iterator
from contextlib import closing
from functools import cached_property
from pathlib import PurePosixPath

from num2words import num2words

from measuring.measured_daemon import MeasuredDaemon
from measuring.user_files import LEXICON, SETTINGS, WRITTEN, Kind, UserFile
from narrated.errors import StorageError
from narrated.outbox.manifest import Manifest
from support import consistency
from support.consistency import JobRow, LedgerRows, OutboxFiles
from support.published import spoken_words

_OPEN = ("queued", "planned", "speaking", "publishing", "waiting")
_OF_FILES = (
    ("sources", "path"),
    ("stems", "path"),
    ("choices", "path"),
    ("shows", "post"),
    ("consulted", "post"),
)


class Agreement:
    """Everything wrong at an instant when nothing is under way, each in a sentence."""

    def __init__(self, daemon: MeasuredDaemon, files: dict[str, UserFile], past: set[str]) -> None:
        self._daemon = daemon
        self._files = files
        self._past = past
        self._path = daemon.state / "ledger.sqlite"
        self._ledger = LedgerRows.read(self._path)
        self.versions: defaultdict[str, list[JobRow]] = defaultdict(list)
        """The jobs of each path, oldest first."""
        for job in self._ledger.jobs:
            self.versions[job.path].append(job)

    def pending(self) -> list[str]:
        """Everything that the daemon has yet to notice or to do, in words."""
        known = self._ledger.sources
        due = {path: _sha256(file.content) for path, file in self._files.items()}
        return [
            *(f"{path!r} is not known" for path in due if known.get(path) != due[path]),
            *(f"{path!r} is not missed" for path in known if path not in due),
            *(f"{job.path!r} is under way" for job in self._ledger.jobs if job.state in _OPEN),
        ]

    def faults(self, *, withdrawn: bool) -> list[str]:
        """Everything wrong; if `withdrawn`, no narration of a removed file may stand."""
        try:
            return [
                *self._inbox_faults(),
                *consistency.left_behind(self._daemon.home),
                *consistency.disagreeing(self._ledger, self._outbox),
                *consistency.damaged(self._outbox),
                *consistency.astray(self._ledger, self._outbox),
                *self._source_faults(withdrawn),
                *(f"{path!r}: {each}" for path in self._files for each in self._file_faults(path)),
            ]
        except (StorageError, FileNotFoundError) as error:
            return [f"something is being withdrawn: {error}"]

    def cancelled(self) -> list[str]:
        """Files whose last version the user cancelled."""
        return [p for p in self._files if self.versions[p] and _is_cancelled(self._last(p))]

    def stale(self) -> list[str]:
        """Rows of the ledger for files without a source and without a narration."""
        with closing(sqlite3.connect(f"file:{self._path}?mode=ro", uri=True)) as db:
            rows = [
                (table, os.fsdecode(path))
                for table, column in _OF_FILES
                for (path,) in db.execute(f"SELECT DISTINCT {column} FROM {table}")
            ]
        known = self._ledger.sources.keys() | {job.path for job in self._ledger.done}
        return [f"{table}: {path!r}" for table, path in rows if path not in known]

    # Of the whole

    def _inbox_faults(self) -> Iterator[str]:
        """The inbox is never changed."""
        inbox = self._daemon.inbox
        there = {str(p.relative_to(inbox)): p for p in inbox.rglob("*") if p.is_file()}
        if there.keys() != self._files.keys():
            yield f"the inbox holds other files: {there.keys() ^ self._files.keys()}"
        for path, file in self._files.items():
            if path in there and there[path].read_bytes() != file.content:
                yield f"{path!r} was changed in the inbox"

    def _source_faults(self, withdrawn: bool) -> Iterator[str]:
        """Each narration is of a source that is there, or was; no source has two."""
        sources = Counter(each.source.path for each in self._outbox.manifests.values())
        yield from (f"{path!r} has {n} narrations" for path, n in sources.items() if n > 1)
        known = self._files.keys() if withdrawn else self._past
        for stem, manifest in self._outbox.manifests.items():
            path = manifest.source.path
            if path not in known:
                yield f"{stem!r} is of {path!r}, which {'is gone' if withdrawn else 'never was'}"
            if (due := self._ledger.stems.get(path)) != stem:
                yield f"{stem!r} stands, but {path!r} belongs under {due!r}"

    @cached_property
    def _outbox(self) -> OutboxFiles:
        return OutboxFiles.read(self._daemon.outbox)

    # Of one file

    def _file_faults(self, path: str) -> Iterator[str]:
        file = self._files[path]
        if file.kind in (Kind.SETTINGS, Kind.LEXICON):
            return
        if not self.versions[path]:
            if path not in self._ledger.shown:  # one that comes while a post shows it has none
                yield "there is no job"
            return
        last = self._last(path)
        if _is_cancelled(last):
            return
        showing = [post for post in self._showing.get(path, ()) if post in self._files]
        if file.kind is Kind.PICTURE and showing:
            if last.state in _OPEN or (last.state == "removed" and last.reason != "unwanted"):
                yield f"a picture of {showing} is {last}"
        elif file.kind is Kind.TEXT or not self._is_part_of_narration(last):
            yield from self._outcome_faults(path, file, last)

    def _is_part_of_narration(self, picture: JobRow) -> bool:
        """True if a post that no longer shows it failed since, and an earlier narration stands."""
        post = picture.problem.removeprefix("part of ")
        if picture.state != "superseded" or post not in self._files:
            return False
        last, stands = self._last(post), any(v.state == "done" for v in self.versions[post])
        was_planned = last.id in self._ledger.plans
        return _is_cancelled(last) or (last.state == "failed" and (stands or was_planned))

    def _outcome_faults(self, path: str, file: UserFile, last: JobRow) -> Iterator[str]:
        rules = self._rules(path)
        stem = self._ledger.stems.get(path, "")
        note = f"{stem}.error.txt" in self._outbox.files
        manifest = self._outbox.manifests.get(stem)
        if not _may_be_called(stem, path):
            yield f"its stem is {stem!r}"
        if rules.broken or (file.broken and rules.narrate is not False):
            # Another take is of the narration that stands, in the settings of then.
            is_respoken = (last.cause, last.state) == ("respeak", "done")
            if not is_respoken and (last.state != "failed" or not note):
                yield f"it cannot be narrated, and is {last}, note: {note}"
        elif rules.narrate is False:
            if (last.state, last.reason) != ("removed", "unwanted") or note:
                yield f"it is not to be narrated, and is {last}, note: {note}"
            if manifest is not None and manifest.source.path == path:
                yield "it is not to be narrated, and stands in the outbox"
        else:
            versions = self.versions[path]
            current = [v for v in versions if v.state not in ("superseded", "removed")]
            if note or not current or current[-1].state != "done" or manifest is None:
                yield f"it is not narrated: {last}, note: {note}"
            else:
                yield from self._narration_faults(path, file, stem, manifest, rules)

    def _narration_faults(
        self, path: str, file: UserFile, stem: str, manifest: Manifest, rules: "_Rules"
    ) -> Iterator[str]:
        if (manifest.source.path, manifest.source.sha256) != (path, _sha256(file.content)):
            yield f"its narration is of {manifest.source}"
        if file.kind is not Kind.TEXT:
            return
        if manifest.author != (rules.author or ""):
            yield f"its author is {manifest.author!r}, not {rules.author!r}"
        transcript = spoken_words(self._daemon.outbox, stem)
        if (rules.spoken_as or WRITTEN) not in transcript:
            yield f"{rules.spoken_as or WRITTEN!r} is not spoken"
        for shown in self._shown_by(path, file):
            picture = self._files.get(shown)
            if picture is not None and f"{num2words(len(picture.content))} bytes" not in transcript:
                yield f"{shown!r} of {len(picture.content)} bytes: {transcript[-400:]}"

    def _last(self, path: str) -> JobRow:
        return self.versions[path][-1]

    # Pictures, settings and lexicons

    @cached_property
    def _showing(self) -> dict[str, list[str]]:
        """Posts by the pictures that they show."""
        showing: defaultdict[str, list[str]] = defaultdict(list)
        for path, file in self._files.items():
            for shown in self._shown_by(path, file):
                showing[shown].append(path)
        return showing

    def _shown_by(self, path: str, file: UserFile) -> list[str]:
        folder = path.rpartition("/")[0]
        return [f"{folder}/{name}" if folder else name for name in file.shows]

    def _rules(self, path: str) -> "_Rules":
        """Rules of the folders and of the file itself, the deepest last."""
        rules = _Rules()
        for folder in ("", *(path[: at + 1] for at, sign in enumerate(path) if sign == "/")):
            for name in (SETTINGS, LEXICON):
                if file := self._files.get(folder + name):
                    rules.add(file)
        rules.add(self._files[path], own=True)
        return rules


class _Rules:
    """Settings and lexicons for a file."""

    def __init__(self) -> None:
        self.broken = False
        self.narrate: bool | None = None
        self.author: str | None = None
        self.spoken_as = ""

    def add(self, file: UserFile, *, own: bool = False) -> None:
        self.broken |= file.broken and not own
        self.narrate = self.narrate if file.narrate is None else file.narrate
        self.author = file.author or self.author
        self.spoken_as = file.spoken_as or self.spoken_as


def _is_cancelled(version: JobRow) -> bool:
    return version.state == "removed" and version.problem == "cancelled"


def _may_be_called(stem: str, path: str) -> bool:
    """True if this source can have this name in the outbox."""
    pure = PurePosixPath(path)
    return stem == str(pure.with_name(pure.stem)) or stem.startswith(path)


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()

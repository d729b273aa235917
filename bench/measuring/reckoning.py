"""Whether outbox, ledger and inbox agree, by what a user knows of the inbox alone."""

import hashlib
import os
import sqlite3
from collections import Counter, defaultdict
from collections.abc import Iterator
from contextlib import closing, suppress
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path, PurePosixPath

from measuring.pieces import LEXICON, SETTINGS, WRITTEN, Kind, Piece
from measuring.subject import Subject
from narrated.errors import StorageError
from narrated.outbox import manifest as manifests
from narrated.outbox.manifest import Manifest

_OPEN = ("queued", "planned", "speaking", "publishing", "waiting")
_OF_FILES = (
    ("sources", "path"),
    ("stems", "path"),
    ("choices", "path"),
    ("shows", "post"),
    ("consulted", "post"),
)
_TENS = ("thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety")
_ONES = ("", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")


@dataclass(frozen=True, slots=True)
class Version:
    """A row of the ledger's jobs."""

    state: str
    sha256: str
    reason: str
    problem: str
    number: int
    began_at: str
    changed_at: str
    was_planned: bool


class Books:
    """The ledger as it stands, read without the daemon."""

    def __init__(self, state: Path) -> None:
        with closing(sqlite3.connect(f"file:{state / 'ledger.sqlite'}?mode=ro", uri=True)) as db:
            self.taken = {
                os.fsdecode(path): sha256
                for path, sha256 in db.execute(
                    "SELECT path, sha256 FROM sources WHERE gone_at IS NULL"
                )
            }
            self.stems = {
                os.fsdecode(path): os.fsdecode(stem)
                for path, stem in db.execute("SELECT path, stem FROM stems")
            }
            self.versions: defaultdict[str, list[Version]] = defaultdict(list)
            for path, *rest in db.execute(
                "SELECT path, state, source_sha256, reason, problem, id,"
                " time(created_at, 'unixepoch'), time(changed_at, 'unixepoch'),"
                " EXISTS (SELECT 1 FROM plans WHERE job = jobs.id)"
                " FROM jobs ORDER BY id"
            ):
                self.versions[os.fsdecode(path)].append(Version(*rest))
            self.stale = [
                f"{table}: {os.fsdecode(path)!r}"
                for table, column in _OF_FILES
                for (path,) in db.execute(f"SELECT DISTINCT {column} FROM {table}")
                if os.fsdecode(path) not in self.taken and not self.standing(os.fsdecode(path))
            ]
            """What is remembered of files of which nothing is there."""

    @property
    def under_way(self) -> list[str]:
        """Files for which there is something to do."""
        return [
            p for p, versions in self.versions.items() if any(v.state in _OPEN for v in versions)
        ]

    def standing(self, path: str) -> list[Version]:
        """The versions whose narration stands."""
        return [each for each in self.versions[path] if each.state == "done"]


class Reckoning:
    """What is wrong at an instant when nothing is under way, each in a sentence."""

    def __init__(self, subject: Subject, files: dict[str, Piece], past: set[str]) -> None:
        self._subject = subject
        self._files = files
        self._past = past
        self.books = Books(subject.state)

    def pending(self) -> list[str]:
        """What the daemon has yet to notice or to do, in words."""
        taken = self.books.taken
        due = {path: _sha256(piece.content) for path, piece in self._files.items()}
        return [
            *(f"{path!r} is not taken" for path in due if taken.get(path) != due[path]),
            *(f"{path!r} is not missed" for path in taken if path not in due),
            *(f"{path!r} is under way" for path in self.books.under_way),
        ]

    def faults(self, *, withdrawn: bool) -> list[str]:
        """All that is wrong; `withdrawn` says that nothing may stand of what is gone."""
        return [
            *self._inbox_faults(),
            *self._left_over(),
            *self._strangers(withdrawn),
            *(f"{path!r}: {fault}" for path in self._files for fault in self._item_faults(path)),
        ]

    def cancelled(self) -> list[str]:
        """Files whose last version the user stopped."""
        return [p for p in self._files if self.books.versions[p] and _is_cancelled(self._last(p))]

    # Of the whole

    def _inbox_faults(self) -> Iterator[str]:
        """The inbox is never changed."""
        inbox = self._subject.inbox
        there = {str(p.relative_to(inbox)): p for p in inbox.rglob("*") if p.is_file()}
        if there.keys() != self._files.keys():
            yield f"the inbox holds other files: {there.keys() ^ self._files.keys()}"
        for path, piece in self._files.items():
            if path in there and there[path].read_bytes() != piece.content:
                yield f"{path!r} was changed in the inbox"

    def _left_over(self) -> Iterator[str]:
        """Nothing unfinished is left, and every file of the outbox belongs to something."""
        work = self._subject.state / "work"
        temporary = self._subject.cache / "tmp"
        yield from (f"{left} is left over" for left in [*work.iterdir(), *temporary.iterdir()])
        own = {"narrated.status.txt"}
        for stem, manifest in self._standing.items():
            folder = PurePosixPath(stem).parent
            own |= {f"{stem}.json", *(str(folder / each.name) for each in manifest.outputs)}
        for path, versions in self.books.versions.items():
            if versions and versions[-1].state == "failed":
                own.add(f"{self.books.stems.get(path)}.error.txt")
        yield from (f"{name!r} in the outbox is nobody's" for name in sorted(self._outbox - own))
        for folder, folders, names in os.walk(self._subject.outbox):
            if not folders and not names and folder != str(self._subject.outbox):
                yield f"{folder} is an empty folder"

    def _strangers(self, withdrawn: bool) -> Iterator[str]:
        """Each narration is of a source that is there, or was; no source has two."""
        sources = Counter(each.source.path for each in self._standing.values())
        yield from (f"{path!r} has {n} narrations" for path, n in sources.items() if n > 1)
        known = self._files.keys() if withdrawn else self._past
        for stem, manifest in self._standing.items():
            path = manifest.source.path
            if path not in known:
                yield f"{stem!r} is of {path!r}, which {'is gone' if withdrawn else 'never was'}"
            if not any(v.sha256 == manifest.source.sha256 for v in self.books.standing(path)):
                yield f"{stem!r} ({manifest.published}) stands without a version that is done"
            if self.books.stems.get(path) != stem:
                yield f"{stem!r} stands, but {path!r} belongs under {self.books.stems.get(path)!r}"

    @cached_property
    def _outbox(self) -> set[str]:
        outbox = self._subject.outbox
        found = (
            str(Path(folder, name).relative_to(outbox))
            for folder, _, names in os.walk(outbox)  # folders may be withdrawn while it walks
            for name in names
        )
        return {name for name in found if not name.startswith("lost+found")}

    @cached_property
    def _standing(self) -> dict[str, Manifest]:
        """Manifests by their stems."""
        found = {}
        for name in self._outbox:
            if name.endswith(".json"):
                with suppress(StorageError):  # withdrawn just now
                    found[name.removesuffix(".json")] = manifests.read(self._subject.outbox / name)
        return found

    # Of one item

    def _item_faults(self, path: str) -> Iterator[str]:
        piece = self._files[path]
        if piece.kind in (Kind.SETTINGS, Kind.LEXICON):
            return
        if not self.books.versions[path]:
            yield "there is no job"
            return
        if len(self.books.standing(path)) > 1:
            yield "two versions stand"
        last = self._last(path)
        if _is_cancelled(last):
            return
        showing = [post for post in self._showing.get(path, ()) if post in self._files]
        if piece.kind is Kind.PICTURE and showing:
            if last.state in _OPEN or (last.state == "removed" and last.reason != "unwanted"):
                yield f"a picture of {showing} is {last}"
            return
        if piece.kind is Kind.PICTURE and self._is_part_of_what_stands(last):
            return
        yield from self._outcome_faults(path, piece, last)

    def _is_part_of_what_stands(self, picture: Version) -> bool:
        """Whether a post that no longer shows it failed since, and its narration before stands."""
        post = picture.problem.removeprefix("part of ")
        if picture.state != "superseded" or post not in self._files:
            return False
        last, stands = self._last(post), bool(self.books.standing(post))
        return _is_cancelled(last) or (last.state == "failed" and (stands or last.was_planned))

    def _outcome_faults(self, path: str, piece: Piece, last: Version) -> Iterator[str]:
        held = self._held(path)
        stem = self.books.stems.get(path, "")
        note = f"{stem}.error.txt" in self._outbox
        if not _may_be_called(stem, path):
            yield f"its stem is {stem!r}"
        if held.broken or (piece.broken and held.narrate is not False):
            if last.state != "failed":
                yield f"it cannot be narrated, and is {last}"
            if not note:
                yield "it failed, and no note says so"
            return
        if held.narrate is False:
            if (last.state, last.reason) != ("removed", "unwanted") or note:
                yield f"it is not to be narrated, and is {last}, note: {note}"
            if stem in self._standing and self._standing[stem].source.path == path:
                yield "it is not to be narrated, and stands in the outbox"
            return
        current = [v for v in self.books.versions[path] if v.state not in ("superseded", "removed")]
        if note or not current or current[-1].state != "done":
            yield f"it is not narrated: {last}, note: {note}"
        yield from self._narration_faults(path, piece, stem, held)

    def _narration_faults(self, path: str, piece: Piece, stem: str, held: "_Held") -> Iterator[str]:
        manifest = self._standing.get(stem)
        if manifest is None:
            yield "it has no narration"
            return
        if (manifest.source.path, manifest.source.sha256) != (path, _sha256(piece.content)):
            yield f"its narration is of {manifest.source}"
        folder = (self._subject.outbox / stem).parent
        for each in manifest.outputs:
            if not (folder / each.name).exists():
                yield f"{each.name} is missing"
            elif _sha256((folder / each.name).read_bytes()) != each.sha256:
                yield f"{each.name} is not as the manifest says"
        if piece.kind is Kind.TEXT:
            heard = (folder / f"{PurePosixPath(stem).name}.vtt").read_text()
            yield from self._wording_faults(path, piece, manifest, heard, held)

    def _wording_faults(
        self, path: str, piece: Piece, manifest: Manifest, heard: str, held: "_Held"
    ) -> Iterator[str]:
        if manifest.author != (held.author or ""):
            yield f"its author is {manifest.author!r}, not {held.author!r}"
        if (held.says or WRITTEN) not in heard:
            yield f"{held.says or WRITTEN!r} is not heard"
        for shown in self._shown_by(path, piece):
            picture = self._files.get(shown)
            if picture is not None and f"{_words(len(picture.content))} bytes" not in heard:
                said = " ".join(heard.split())
                yield f"{shown!r} of {len(picture.content)} bytes is not heard: {said[-400:]}"

    def _last(self, path: str) -> Version:
        return self.books.versions[path][-1]

    # What holds

    @cached_property
    def _showing(self) -> dict[str, list[str]]:
        """Posts by the pictures that they show."""
        showing: defaultdict[str, list[str]] = defaultdict(list)
        for path, piece in self._files.items():
            for shown in self._shown_by(path, piece):
                showing[shown].append(path)
        return showing

    def _shown_by(self, path: str, piece: Piece) -> list[str]:
        folder = path.rpartition("/")[0]
        return [f"{folder}/{name}" if folder else name for name in piece.shows]

    def _held(self, path: str) -> "_Held":
        """What folders and the file itself say, the deepest last."""
        held = _Held()
        for folder in _down_to(path):
            settings, lexicon = (
                self._files.get(folder + SETTINGS),
                self._files.get(folder + LEXICON),
            )
            for each in filter(None, (settings, lexicon, None)):
                held.heed(each)
        held.heed(self._files[path], own=True)
        return held


class _Held:
    """What holds for a file."""

    def __init__(self) -> None:
        self.broken = False
        self.narrate: bool | None = None
        self.author: str | None = None
        self.says = ""

    def heed(self, piece: Piece, *, own: bool = False) -> None:
        self.broken |= piece.broken and not own
        self.narrate = self.narrate if piece.narrate is None else piece.narrate
        self.author = piece.author or self.author
        self.says = piece.says or self.says


def _down_to(path: str) -> Iterator[str]:
    """The folders from the root down to a file's own, as prefixes."""
    yield ""
    for at, sign in enumerate(path):
        if sign == "/":
            yield path[: at + 1]


def _is_cancelled(version: Version) -> bool:
    return version.state == "removed" and version.problem == "cancelled"


def _may_be_called(stem: str, path: str) -> bool:
    """Whether a name in the outbox is one that this source can have."""
    pure = PurePosixPath(path)
    return stem == str(pure.with_name(pure.stem)) or stem.startswith(path)


def _words(number: int) -> str:
    tens, ones = _TENS[number // 10 - 3], _ONES[number % 10]
    return f"{tens}-{ones}" if ones else tens


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()

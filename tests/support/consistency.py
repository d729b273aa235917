"""The check afterwards: inbox, outbox, ledger and cache of a daemon at rest agree in everything."""

import hashlib
import json
import os
import sqlite3
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import av

from narrated.audio.chapters import CHAPTERS_SUFFIX
from narrated.audio.formats import LONG_SUFFIXES, TRANSCRIPT_SUFFIX
from narrated.inbox.name_rules import NameKind, judge_path
from narrated.outbox.manifest import MANIFEST_SUFFIX, Manifest, ManifestOutput
from narrated.outbox.podcast_files import FEED_NAME
from narrated.outbox.unique_stems import ERROR_SUFFIX, STATUS_NAME
from narrated.outbox.untrusted_reads import known_manifest
from narrated.podcast.page_episode import PAGE_FOLDER, PAGE_NAME
from narrated.podcast.show import Show
from narrated.script.review.script_file import SCRIPT_SUFFIX
from support.daemon import Daemon

DURATION_S = 0.2
"""How far a decoder may be from what a manifest says: codecs pad their first and last frame."""


def verify(daemon: Daemon) -> None:
    """See that a daemon that is stopped, or idle, left nothing undone and nothing behind.

    An AssertionError lists all disagreements, a line each.
    """
    ledger = LedgerRows.read(daemon.home / "state/ledger.sqlite")
    outbox = OutboxFiles.read(daemon.outbox)
    inbox = _inbox(daemon.inbox)
    found = [
        *_unfinished(ledger),
        *_unaccounted(inbox, ledger, outbox),
        *disagreeing(ledger, outbox),
        *damaged(outbox),
        *astray(ledger, outbox),
        *left_behind(daemon.home),
        *_takes(daemon.home / "cache", ledger),
    ]
    assert not found, "\n".join(["the check found:", *found, "", daemon.log])


@dataclass(frozen=True, slots=True)
class JobRow:
    """A version of a file, as the ledger has it."""

    id: int
    path: str
    state: str
    reason: str
    sha256: str
    stem: str
    problem: str
    cause: str


@dataclass(frozen=True, slots=True)
class LedgerRows:
    """The ledger as it stands, read without the daemon."""

    jobs: list[JobRow]
    stems: dict[str, str]
    """By path."""
    sources: dict[str, str]
    """What the inbox holds, as the ledger knows it: path and sha256."""
    shown: set[str]
    """Pictures that a post which is there shows."""
    takes: dict[str, int]
    chunks: set[int]
    """Jobs that have chunks under way."""
    plans: set[int]
    covers: set[str]
    """Pictures of the podcast that its feed names."""
    shows: set[str]
    """Folders of the shows that have episodes."""
    scripts: set[str]
    """Script files of the inbox."""

    @classmethod
    def read(cls, path: Path) -> "LedgerRows":
        db = sqlite3.connect(path)
        try:
            jobs = db.execute(
                "SELECT id, path, state, reason, source_sha256, stem, problem, cause FROM jobs"
                " ORDER BY id"
            )
            return cls(
                [
                    JobRow(id, os.fsdecode(path), state, reason, sha256, os.fsdecode(stem), *rest)
                    for id, path, state, reason, sha256, stem, *rest in jobs
                ],
                {
                    os.fsdecode(path): os.fsdecode(stem)
                    for path, stem in db.execute("SELECT path, stem FROM stems")
                },
                {
                    os.fsdecode(path): sha256
                    for path, sha256 in db.execute(
                        "SELECT path, sha256 FROM sources WHERE gone_at IS NULL"
                    )
                },
                {
                    os.fsdecode(picture)
                    for (picture,) in db.execute(
                        "SELECT picture FROM shows JOIN sources ON sources.path = shows.post"
                        " WHERE sources.gone_at IS NULL"
                    )
                },
                dict(db.execute("SELECT key, size_bytes FROM takes")),
                {job for (job,) in db.execute("SELECT job FROM chunks")},
                {job for (job,) in db.execute("SELECT job FROM plans")},
                {
                    os.fsdecode(file)
                    for (file,) in db.execute(
                        "SELECT file FROM covers WHERE current = 1 UNION ALL"
                        " SELECT file FROM page_pictures UNION ALL"
                        f" SELECT '{PAGE_FOLDER}/' || name FROM page_files"
                    )
                },
                {
                    os.fsdecode(folder)
                    for (folder,) in db.execute("SELECT show FROM episodes WHERE item IS NOT NULL")
                },
                {os.fsdecode(path) for (path,) in db.execute("SELECT path FROM script_files")},
            )
        finally:
            db.close()

    @property
    def done(self) -> list[JobRow]:
        return [job for job in self.jobs if job.state == "done"]

    @property
    def to_review(self) -> set[str]:
        """The script in the outbox of each post that waits for review."""
        waiting = (job for job in self.jobs if (job.state, job.reason) == ("waiting", "review"))
        return {job.stem + SCRIPT_SUFFIX for job in waiting}

    @property
    def last(self) -> dict[str, JobRow]:
        """The newest job of each path."""
        return {job.path: job for job in self.jobs}


@dataclass(frozen=True, slots=True)
class OutboxFiles:
    """The outbox as it stands."""

    root: Path
    files: set[str]
    empty: set[str]
    """Folders with nothing in them."""
    manifests: dict[str, Manifest]
    """By stem."""

    @classmethod
    def read(cls, root: Path) -> "OutboxFiles":
        files: set[str] = set()
        empty: set[str] = set()
        for folder, folders, names in os.walk(root):
            below = os.path.relpath(folder, root)
            files |= {os.path.normpath(f"{below}/{name}") for name in names}
            if not folders and not names and below != ".":
                empty.add(below)
        stems = [
            name.removesuffix(MANIFEST_SUFFIX)
            for name in files
            if name.endswith(MANIFEST_SUFFIX) and not name.endswith(LONG_SUFFIXES)
        ]
        read = {stem: known_manifest(root, stem) for stem in stems}
        return cls(root, files, empty, read)

    def outputs(self, stem: str) -> Mapping[str, ManifestOutput]:
        """A manifest's outputs, by their place in the outbox."""
        folder = stem.rpartition("/")[0]
        prefix = f"{folder}/" if folder else ""
        return {prefix + each.name: each for each in self.manifests[stem].outputs}


def _inbox(root: Path) -> dict[str, str]:
    """Every file that the inbox would take, and its sha256; an empty one is not taken yet."""
    found: dict[str, str] = {}
    for folder, _, names in os.walk(root):
        for name in names:
            path = Path(folder, name)
            relative = str(path.relative_to(root))
            is_wanted = judge_path(relative) in (NameKind.DOCUMENT, NameKind.SETTINGS)
            if is_wanted and path.is_file() and not path.is_symlink() and path.stat().st_size:
                found[relative] = hashlib.sha256(path.read_bytes()).hexdigest()
    return found


def _unfinished(ledger: LedgerRows) -> Iterator[str]:
    ended = ("done", "failed", "superseded", "removed")
    for job in ledger.jobs:
        if job.state not in ended and job.reason != "review":
            yield f"job {job.id} of {job.path} is still {job.state} {job.problem}"
        if job.state in ended and job.id in ledger.chunks:
            yield f"job {job.id} of {job.path} is {job.state}, and holds chunks in the cache"
        if job.state in ("superseded", "removed") and job.id in ledger.plans:
            yield f"job {job.id} of {job.path} is {job.state}, and its plan is kept"


def _unaccounted(
    inbox: Mapping[str, str], ledger: LedgerRows, outbox: OutboxFiles
) -> Iterator[str]:
    """Each source stands in the outbox once, or the ledger says why it does not."""
    if ledger.sources != inbox:
        for path in sorted(ledger.sources.items() ^ inbox.items()):
            yield f"inbox and ledger differ in {path[0]} ({path[1][:8]})"
    for path, sha256 in inbox.items():
        if judge_path(path) is NameKind.SETTINGS:
            continue
        last = ledger.last.get(path)
        if last is None:
            if path not in ledger.shown | ledger.scripts:
                yield f"{path} has no job"
        elif last.state == "done" or not _is_excused(last, ledger):
            standing = [each for each in outbox.manifests.values() if each.source.path == path]
            if [each.source.sha256 for each in standing] != [sha256]:
                yield f"{path} is {last.state}, and stands {len(standing)} times in the outbox"
        if last is not None and last.state == "failed" and last.sha256 != sha256:
            yield f"{path} is failed in another version than is there"


def _is_excused(job: JobRow, ledger: LedgerRows) -> bool:
    if job.reason == "review":
        return True
    if job.state == "superseded":
        return job.path in ledger.shown and job.problem.startswith("part of ")
    is_unwanted = job.reason == "unwanted" or job.path in ledger.shown  # shown since it came again
    return job.state == "failed" or (job.state == "removed" and is_unwanted)


def disagreeing(ledger: LedgerRows, outbox: OutboxFiles) -> Iterator[str]:
    """Compare done jobs with the outbox: each has its files, and each file its job."""
    for what in ("stem", "path"):
        for name, count in Counter(getattr(job, what) for job in ledger.done).items():
            if count > 1:
                yield f"{count} jobs are done of the {what} {name}"
    by_stem = {job.stem: job for job in ledger.done}
    for stem in by_stem.keys() - outbox.manifests.keys():
        yield f"{stem} is done (job {by_stem[stem].id}), and has no manifest"
    for stem, manifest in outbox.manifests.items():
        job = by_stem.get(stem)
        if job is None:
            yield f"{stem} stands in the outbox, and no job of it is done"
        elif (manifest.source.path, manifest.source.sha256) != (job.path, job.sha256):
            yield f"{stem} is of {manifest.source}, and its job of {job.path}, {job.sha256}"


def damaged(outbox: OutboxFiles) -> Iterator[str]:
    """Each output that a manifest names is there, and whole."""
    for stem, manifest in outbox.manifests.items():
        for name, output in outbox.outputs(stem).items():
            path = outbox.root / name
            if name not in outbox.files:
                yield f"{name} is named by its manifest, and is missing"
            elif hashlib.sha256(path.read_bytes()).hexdigest() != output.sha256:
                yield f"{name} is not what its manifest says"
            elif problem := _unsound(path, output, manifest.duration_s):
                yield f"{name}: {problem}"


def _unsound(path: Path, output: ManifestOutput, duration_s: float) -> str:
    """The reason why a manifest's file cannot be heard or read, if there is one."""
    if path.name.endswith(CHAPTERS_SUFFIX):
        return "" if len(json.loads(path.read_bytes())["chapters"]) > 1 else "it has no chapters"
    if path.name.endswith(TRANSCRIPT_SUFFIX):
        return "" if "segments" in json.loads(path.read_bytes()) else "it has no segments"
    if path.suffix == ".srt":
        return "" if path.read_text("utf-8").startswith("1\n00:") else "it has no captions"
    if path.suffix == ".vtt":
        return "" if path.read_text("utf-8").startswith("WEBVTT") else "it is no transcript"
    if path.suffix == ".txt":
        return "" if path.read_text("utf-8").strip() else "it is empty"
    decoded_s = _decoded_s(path, output.sha256)
    if abs(decoded_s - duration_s) > DURATION_S:
        return f"it lasts {decoded_s:.2f} s, and its manifest says {duration_s:.2f} s"
    return ""


@lru_cache(maxsize=10_000)
def _decoded_s(path: Path, sha256: str) -> float:
    """The duration of a sound by its samples: all of it is decoded, once for each content."""
    with av.open(str(path)) as sound:
        stream = sound.streams.audio[0]
        return sum(frame.samples / frame.sample_rate for frame in sound.decode(stream))


def astray(ledger: LedgerRows, outbox: OutboxFiles) -> Iterator[str]:
    """Nothing but narrations, notes of what failed, status, feed and page stand in the outbox."""
    notes = {job.stem + ERROR_SUFFIX for job in ledger.last.values() if job.state == "failed"}
    for note in notes - outbox.files:
        yield f"{note} is missing"
    notes |= ledger.to_review
    for script in ledger.to_review - outbox.files:
        yield f"{script} is missing"
    published = {stem + MANIFEST_SUFFIX for stem in outbox.manifests}
    published |= {name for stem in outbox.manifests for name in outbox.outputs(stem)}
    published |= ledger.covers | {Show(title="", folder=each).feed_path for each in ledger.shows}
    for name in sorted(outbox.files - published - notes - {STATUS_NAME, FEED_NAME, PAGE_NAME}):
        yield f"{name} stands in the outbox, and nobody knows of it"
    for folder in sorted(outbox.empty):
        yield f"{folder} is an empty folder in the outbox"


def left_behind(home: Path) -> Iterator[str]:
    """Nothing that was being made is left: of work, of the cache, of an archive."""
    for folder in ("state/work", "cache/tmp"):
        for path in (home / folder).rglob("*"):
            yield f"{path.relative_to(home)} was left behind"
    for path in home.rglob(".narrated-*.tmp"):
        if home / "outbox" not in path.parents:
            yield f"{path.relative_to(home)} was left behind"


def _takes(cache: Path, ledger: LedgerRows) -> Iterator[str]:
    files = {path.stem: path.stat().st_size for path in cache.glob("??/*.flac")}
    yield from _differing("take", "row", ledger.takes.items() - files.items())
    yield from _differing("take", "file", files.items() - ledger.takes.items())


def _differing(what: str, where: str, found: Iterable[tuple[str, int]]) -> Iterator[str]:
    other = "file" if where == "row" else "row"
    for key, size_bytes in sorted(found):
        yield f"the {what} {key[:8]} has a {where} ({size_bytes} bytes), and no {other} like it"

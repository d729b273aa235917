"""A ledger that is damaged or lost is made anew, from what the outbox and the cache hold."""

import logging
import os
import re
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from narrated.errors import StorageError
from narrated.inbox import safe_read
from narrated.inbox.readiness import FileSignature
from narrated.ledger.connection import DamagedLedger
from narrated.ledger.database import last_aside, set_aside
from narrated.ledger.host_state import OUTBOX, device_in
from narrated.ledger.job import JobCause
from narrated.ledger.store import Ledger
from narrated.outbox import manifest as manifests
from narrated.outbox import output_names
from narrated.outbox.manifest import MANIFEST_SUFFIX, Manifest
from narrated.outbox.mount_guard import MountGuard

UNSEEN = FileSignature(0, 0, 0, 0)
"""A file that was taken once: the inbox compares what is there now, and finds the same content."""

_SHA256 = re.compile(r"[0-9a-f]{64}")

log = logging.getLogger("narrated")


@dataclass(frozen=True, slots=True)
class FoundNarration:
    """A narration that stands in the outbox, as far as its manifest tells of it."""

    stem: str
    manifest: Manifest
    published_at: float
    size_bytes: int
    """Of its source; 0 where that is gone."""
    is_there: bool
    """Whether its source is."""

    @property
    def is_vague(self) -> bool:
        """Whether it may show pictures of which an older manifest does not tell."""
        shows = self.manifest.shows
        return shows is None and any(block.role == "picture" for block in self.manifest.blocks)


def opened(path: Path) -> Ledger:
    """The ledger, looked through; one that is damaged is set aside, and a new one begun."""
    with suppress(DamagedLedger):
        ledger = Ledger(path)
        try:
            ledger.examine()
        except DamagedLedger:
            ledger.close()
            raise
        return ledger
    put_away(path)
    return Ledger(path)


def put_away(path: Path) -> None:
    """Set a damaged ledger aside, and say where it is kept."""
    log.error("The ledger is damaged. It is kept as %s, and a new one made.", set_aside(path))


def remnants(ground: MountGuard, ledger: Path, inbox: Path) -> list[FoundNarration]:
    """What stands whole in the outbox, the newest first; touches no ledger.

    StorageError where the outbox is not there, though a ledger was set aside: all would be made
    anew. About 0.1 ms a narration.
    """
    aside = last_aside(ledger)
    if aside is not None:
        MountGuard(ground.outbox, device_in(aside, OUTBOX)).check()
    found = (_remnant(ground.outbox, inbox, path) for path in _manifests(ground.outbox))
    return sorted(filter(None, found), key=lambda each: each.published_at, reverse=True)


def rebuild(ledger: Ledger, found: list[FoundNarration], *, with_gone: bool) -> int:
    """Enter them as done; gives back how many narrations are known again.

    `with_gone` False leaves it open what became of sources that are not there: perhaps they were
    taken out of the inbox once they were narrated, and are not to be missed.
    """
    paths: set[str] = set()
    stems: set[str] = set()
    with ledger.transaction():
        for each in found:
            path, folded = each.manifest.source.path, output_names.fold(each.stem)
            if path in paths or folded in stems:
                continue  # an older one, such as a move leaves that was killed
            paths.add(path)
            stems.add(folded)
            _enter(ledger, each, folded, with_gone)
    return len(paths)


def _enter(ledger: Ledger, each: FoundNarration, folded: str, with_gone: bool) -> None:
    manifest, path, sha256 = each.manifest, each.manifest.source.path, each.manifest.source.sha256
    if each.is_there or with_gone:
        ledger.sources.record(path, UNSEEN, sha256)
    ledger.stems.assign(path, each.stem, folded)
    ledger.jobs.add_published(
        path,
        sha256,
        each.stem,
        size_bytes=each.size_bytes,
        title=manifest.title,
        narration=manifest.script,
        duration_s=manifest.duration_s,
        done_at=each.published_at,
    )
    ledger.pictures.record(path, manifest.shows or {})
    ledger.plan_inputs.record(path, manifest.consulted)
    if each.is_vague and each.is_there:
        ledger.jobs.add(path, sha256, each.size_bytes, each.stem, cause=JobCause.REFRESH)


def _manifests(outbox: Path) -> Iterator[str]:
    """Paths below the outbox, relative to it; no link is followed."""
    for top, folders, entries in os.walk(outbox):
        folders[:] = [name for name in folders if not name.startswith(".")]
        for name in entries:
            if name.endswith(MANIFEST_SUFFIX) and not name.startswith("."):
                yield os.path.relpath(os.path.join(top, name), outbox)  # noqa: PTH118


def _remnant(outbox: Path, inbox: Path, path: str) -> FoundNarration | None:
    """None for what is no manifest of ours, or tells of files that are not as it says."""
    stem = path.removesuffix(MANIFEST_SUFFIX)
    try:
        manifest = manifests.standing(outbox / path)
    except StorageError:
        return None
    if manifest is None or not _is_ours(manifest, stem) or not _is_whole(outbox, stem, manifest):
        return None
    published_at = datetime.fromisoformat(manifest.published).timestamp()
    is_there = safe_read.exists(inbox, manifest.source.path)
    size_bytes = _size(inbox / manifest.source.path) if is_there else 0
    return FoundNarration(stem, manifest, published_at, size_bytes, is_there)


def _is_ours(manifest: Manifest, stem: str) -> bool:
    """Others write into the outbox too: a copy under another name speaks for nobody."""
    name = stem.rpartition("/")[2]
    with suppress(ValueError, OverflowError, OSError):  # of a time that no clock could tell
        datetime.fromisoformat(manifest.published).timestamp()
        return (
            output_names.is_inside(manifest.source.path)
            and bool(_SHA256.fullmatch(manifest.source.sha256))
            and bool(manifest.outputs)
            and all(each.name.startswith(f"{name}.") for each in manifest.outputs)
        )
    return False


def _is_whole(outbox: Path, stem: str, manifest: Manifest) -> bool:
    folder = (outbox / stem).parent
    return all(_size(folder / each.name) == each.bytes for each in manifest.outputs)


def _size(path: Path) -> int:
    try:
        return path.lstat().st_size
    except OSError:
        return -1

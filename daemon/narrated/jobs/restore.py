"""Restores a damaged or lost ledger from the outbox and the cache."""

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
"""The signature of a file not seen since: the inbox hashes it and finds the same content."""

_SHA256 = re.compile(r"[0-9a-f]{64}")

log = logging.getLogger("narrated")


@dataclass(frozen=True, slots=True)
class FoundNarration:
    """A narration of the outbox, by its manifest."""

    stem: str
    manifest: Manifest
    published_at: float
    size_bytes: int
    """The size of its source; 0 if the source is gone."""
    is_there: bool
    """True if its source exists."""

    @property
    def is_vague(self) -> bool:
        """True if it may show pictures that its older manifest does not list."""
        shows = self.manifest.shows
        return shows is None and any(block.role == "picture" for block in self.manifest.blocks)


def opened(path: Path) -> Ledger:
    """Open and check the ledger; set a damaged one aside and begin a new one."""
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
    """Set a damaged ledger aside, and log its new place."""
    log.error("The ledger is damaged. It is kept as %s, and a new one made.", set_aside(path))


def remnants(ground: MountGuard, ledger: Path, inbox: Path) -> list[FoundNarration]:
    """List the whole narrations of the outbox, the newest first; about 0.1 ms each.

    Errors: StorageError if a ledger was set aside and the outbox is absent; without the outbox
    everything would be spoken again.
    """
    aside = last_aside(ledger)
    if aside is not None:
        MountGuard(ground.outbox, device_in(aside, OUTBOX)).check()
    found = (_remnant(ground.outbox, inbox, path) for path in _manifests(ground.outbox))
    return sorted(filter(None, found), key=lambda each: each.published_at, reverse=True)


def rebuild(ledger: Ledger, found: list[FoundNarration], *, with_gone: bool) -> int:
    """Record narrations as done. Returns their number.

    With `with_gone` False, absent sources stay unknown: the daemon may have removed them after
    narration, so the inbox must not report them deleted.
    """
    paths: set[str] = set()
    stems: set[str] = set()
    with ledger.transaction():
        for each in found:
            path, folded = each.manifest.source.path, output_names.fold(each.stem)
            if path in paths or folded in stems:
                continue  # an older one, left by a move that was killed
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
    """The manifests below the outbox, as paths relative to it; follows no link."""
    for top, folders, entries in os.walk(outbox):
        folders[:] = [name for name in folders if not name.startswith(".")]
        for name in entries:
            if name.endswith(MANIFEST_SUFFIX) and not name.startswith("."):
                yield os.path.relpath(os.path.join(top, name), outbox)  # noqa: PTH118


def _remnant(outbox: Path, inbox: Path, path: str) -> FoundNarration | None:
    """Read one manifest; None if it is not ours or its files differ from it."""
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
    """True if narrated wrote it: others write here too, and a renamed copy does not count."""
    name = stem.rpartition("/")[2]
    with suppress(ValueError, OverflowError, OSError):  # a time outside of any clock
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

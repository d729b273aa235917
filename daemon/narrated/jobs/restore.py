"""Restores a damaged or lost ledger from the outbox and the cache."""

import heapq
import logging
import re
import time
from collections.abc import Iterable
from contextlib import ExitStack, closing, suppress
from dataclasses import dataclass
from datetime import datetime
from itertools import chain
from pathlib import Path

from narrated.inbox import safe_read
from narrated.inbox.file_signature import FileSignature
from narrated.ledger.job import JobCause
from narrated.ledger.last_run import outbox_device_in
from narrated.ledger.set_aside import DamagedLedger, last_aside, set_aside
from narrated.ledger.store import Ledger
from narrated.outbox import unique_stems
from narrated.outbox.manifest import Manifest, ManifestSource
from narrated.outbox.manifest_takes import decoded_takes, encoded_takes
from narrated.outbox.mount_guard import MountGuard
from narrated.outbox.narration_search import whole_narrations

UNKNOWN_SIGNATURE = FileSignature(0, 0, 0, 0)
"""The signature of a file not seen since: the inbox hashes it and finds the same content."""

_LONGEST_PATH = 4096
_LONGEST_TITLE = 1000
_MOST_LISTED = 4096
"""Bound on the files that a manifest lists: pictures, settings and lexicons of one post."""
MOST_KEPT_BYTES = 192 << 20
"""Bound on the memory of all that is taken from manifests: a hundred thousand posts."""
_BASE_BYTES, _ENTRY_BYTES = 800, 220
"""The memory of a narration, and of a file that it lists, beside their names."""
_LONGEST_DURATION_S = 1_000_000.0
_DIGEST_LENGTH = 64
_SHA256 = re.compile(rf"[0-9a-f]{{{_DIGEST_LENGTH}}}")

log = logging.getLogger("narrated")


@dataclass(frozen=True, slots=True)
class FoundNarration:
    """A narration of the outbox: what the ledger keeps of its manifest."""

    stem: str
    source: ManifestSource
    title: str
    narration: str
    duration_s: float
    published_at: float
    shows: dict[str, str]
    consulted: dict[str, str]
    guid: str
    """Its number as an episode; empty if the manifest has none."""
    is_vague: bool
    """True if it may show pictures that its older manifest does not list."""
    size_bytes: int
    """The size of its source; 0 if the source is gone."""
    is_there: bool
    """True if its source exists."""
    takes: bytes = b""
    """The checks of its takes as its manifest has them; empty if there are none."""

    @property
    def memory_bytes(self) -> int:
        """About the memory that it takes."""
        listed = [*self.shows.items(), *self.consulted.items()]
        names = (self.stem, self.source.path, self.title, *chain(*listed))
        return _BASE_BYTES + len(listed) * _ENTRY_BYTES + sum(map(len, names)) + len(self.takes)


def opened(path: Path) -> Ledger:
    """Open and check the ledger; set a damaged one aside and begin a new one."""
    with suppress(DamagedLedger), ExitStack() as undo:
        ledger = undo.enter_context(closing(Ledger(path)))
        ledger.examine()
        undo.pop_all()
        return ledger
    put_away(path)
    return Ledger(path)


def put_away(path: Path) -> None:
    """Set a damaged ledger aside, and log its new place."""
    log.error("The ledger is damaged. It is kept as %s, and a new one made.", set_aside(path))


def remnants(guard: MountGuard, ledger: Path, inbox: Path) -> list[FoundNarration]:
    """List the whole narrations of the outbox, the newest first; about 0.1 ms each.

    Errors: StorageError if a ledger was set aside and the outbox is absent; without the outbox
    everything would be spoken again.
    """
    aside = last_aside(ledger)
    if aside is not None:
        MountGuard(guard.outbox, outbox_device_in(aside)).check()
    whole = whole_narrations(guard.outbox)
    found = (_found(inbox, stem, manifest) for stem, manifest in whole if _is_ours(manifest))
    return sorted(_smallest(found), key=lambda each: each.published_at, reverse=True)


def _smallest(found: Iterable[FoundNarration]) -> list[FoundNarration]:
    """Keep what fits into MOST_KEPT_BYTES, the smallest first: a stranger's lists are long."""
    kept: list[tuple[int, int, FoundNarration]] = []  # a heap with the largest at its top
    kept_bytes = left_out = 0
    for number, each in enumerate(found):
        heapq.heappush(kept, (-each.memory_bytes, number, each))
        kept_bytes += each.memory_bytes
        while kept_bytes > MOST_KEPT_BYTES:
            kept_bytes += heapq.heappop(kept)[0]
            left_out += 1
    if left_out:
        log.warning(
            "%d narrations of the outbox are too large to be taken over: their manifests list the "
            "most files. Their posts are published again, with what the cache holds.",
            left_out,
        )
    return [each for _, _, each in kept]


def rebuild(ledger: Ledger, found: list[FoundNarration], *, with_gone: bool) -> int:
    """Record narrations as done. Returns their number.

    With `with_gone` False, absent sources stay unknown: the daemon may have removed them after
    narration, so the inbox must not report them deleted.
    """
    paths: set[str] = set()
    stems: set[str] = set()
    with ledger.transaction():
        for each in found:
            path, folded = each.source.path, unique_stems.fold(each.stem)
            if path in paths or folded in stems:
                continue  # an older one, left by a move that was killed
            paths.add(path)
            stems.add(folded)
            _enter(ledger, each, folded, with_gone)
    return len(paths)


def _enter(ledger: Ledger, each: FoundNarration, folded: str, with_gone: bool) -> None:
    path, sha256 = each.source.path, each.source.sha256
    if each.is_there or with_gone:
        ledger.sources.record(path, UNKNOWN_SIGNATURE, sha256)
    ledger.stems.assign(path, each.stem, folded)
    job = ledger.jobs.add_published(
        path,
        sha256,
        each.stem,
        size_bytes=each.size_bytes,
        title=each.title,
        narration=each.narration,
        duration_s=each.duration_s,
        done_at=min(each.published_at, time.time()),  # the clock may have been wrong then
    )
    ledger.restored.add(job.id)
    if each.takes:
        ledger.job_takes.record(job.id, decoded_takes(each.takes), ())
    if each.guid:
        ledger.episodes.give(path, each.guid, min(each.published_at, time.time()))
    ledger.pictures.record(path, each.shows)
    ledger.consulted.record(path, each.consulted)
    if each.is_vague and each.is_there:
        ledger.jobs.add(path, sha256, each.size_bytes, each.stem, cause=JobCause.REFRESH)


def _found(inbox: Path, stem: str, manifest: Manifest) -> FoundNarration:
    is_there = safe_read.exists(inbox, manifest.source.path)
    is_vague = manifest.shows is None and any(each.role == "picture" for each in manifest.blocks)
    return FoundNarration(
        stem,
        manifest.source,
        manifest.title[:_LONGEST_TITLE],
        manifest.script[:_DIGEST_LENGTH],
        manifest.duration_s,
        datetime.fromisoformat(manifest.published).timestamp(),
        manifest.shows or {},
        manifest.consulted,
        manifest.episode_guid,
        is_vague,
        _size(inbox / manifest.source.path) if is_there else 0,
        is_there,
        _takes(manifest),
    )


def _takes(manifest: Manifest) -> bytes:
    """Return the checks of a narration's takes, without what a stranger may have put between."""
    found = decoded_takes(manifest.takes)
    return b"" if found is None or not found.checked else bytes(encoded_takes(found))


def _is_ours(manifest: Manifest) -> bool:
    """True if narrated may have written it: others write to the outbox too."""
    with suppress(ValueError, OverflowError, OSError):  # a time outside of any clock
        return (
            _is_path(manifest.source.path)
            and bool(_SHA256.fullmatch(manifest.source.sha256))
            and _is_list({**(manifest.shows or {}), **manifest.consulted})
            and manifest.duration_s <= _LONGEST_DURATION_S
            and datetime.fromisoformat(manifest.published).timestamp() >= 0
        )
    return False


def _is_list(listed: dict[str, str]) -> bool:
    """True if these can be the files that one post shows and consults, and their digests."""
    is_bounded = len(listed) <= _MOST_LISTED
    return is_bounded and all(
        _is_path(path) and len(sha256) <= _DIGEST_LENGTH for path, sha256 in listed.items()
    )


def _is_path(path: str) -> bool:
    return len(path) <= _LONGEST_PATH and unique_stems.is_inside(path)


def _size(path: Path) -> int:
    try:
        return path.lstat().st_size
    except OSError:
        return 0

"""Takes of published narrations, as their manifests tell them, by job."""

import os
import zlib
from array import array
from collections.abc import Sequence
from contextlib import suppress
from itertools import chain

import msgspec

from narrated.ledger.database import Repository
from narrated.outbox.manifest_takes import ManifestTakes, decoded_takes, encoded_takes

ChunkTimes = Sequence[tuple[float, float]]
"""When each chunk begins and ends in a narration, in seconds."""

NOT_CHECKED, BY_SOUND, BY_EARS = range(3)
"""The check of a chunk of a narration."""

_COUNTS = ("checked", "heard", "retaken", "doubtful", "accepted")
_MS = 1000
_UNSIGNED = "L" if array("L").itemsize == 4 else "I"
_LONGEST_MS = (1 << 32) - 1


class TakeCounts(msgspec.Struct, frozen=True):
    """Numbers of chunks: see `ManifestTakes`."""

    checked: int
    heard: int
    retaken: int
    doubtful: int
    accepted: int


class JobTakes(Repository):
    """The checks of published narrations. An older version keeps its counts alone."""

    def record(
        self, job: int, takes: ManifestTakes | None, times: ChunkTimes, checks: bytes = b""
    ) -> None:
        """Record how the takes of a published job turned out; None if they were not checked.

        `checks`: how each chunk was checked; empty if that is not known.
        """
        counts = (0,) * len(_COUNTS) if takes is None else _counts(takes)
        if takes is None and not times:
            return
        report = None if takes is None else bytes(encoded_takes(takes))
        with self._db.transaction():
            self._db.rows(
                "INSERT OR REPLACE INTO job_takes VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
                (job, *counts, report, _encoded(times), zlib.compress(checks)),
            )
            self._note_doubtful(job, takes.doubtful if takes else 0)

    def _note_doubtful(self, job: int, count: int) -> None:
        if count:
            self._db.rows(
                "INSERT INTO doubtful_narrations SELECT path, id, ? FROM jobs WHERE id = ?"
                " ON CONFLICT (path)"
                " DO UPDATE SET job = excluded.job, doubtful = excluded.doubtful",
                (count, job),
            )
        else:
            path = "(SELECT path FROM jobs WHERE id = ?)"
            self._db.rows(f"DELETE FROM doubtful_narrations WHERE path = {path}", (job,))

    def counts(self, job: int) -> TakeCounts | None:
        """Return the counts of a job; None if its takes were not checked."""
        columns = ", ".join(_COUNTS)
        rows = self._db.rows(f"SELECT {columns} FROM job_takes WHERE job = ? AND checked", (job,))
        return TakeCounts(*rows[0]) if rows else None

    def report(self, job: int) -> ManifestTakes | None:
        """Return the takes of a published job; None if they were not checked."""
        found = self._value("SELECT report FROM job_takes WHERE job = ?", job)
        return None if found is None else decoded_takes(bytes(found))

    def times(self, job: int) -> ChunkTimes:
        """Return when the chunks of a published job are heard; empty if that is not known."""
        found = self._value("SELECT times FROM job_takes WHERE job = ?", job)
        return [] if found is None else _decoded(found)

    def checks(self, job: int) -> bytes:
        """Return how each chunk of a published job was checked; empty if that is not known."""
        found = self._value("SELECT checks FROM job_takes WHERE job = ?", job)
        with suppress(zlib.error):
            return b"" if found is None else zlib.decompress(found)
        return b""

    def doubtful_count(self) -> int:
        """Count the published narrations with doubtful chunks."""
        return int(self._value("SELECT count FROM doubtful_count"))

    def first_doubtful(
        self, limit: int, *, after: str = "", folder: str = ""
    ) -> list[tuple[str, int]]:
        """Return the first narrations with doubtful chunks by path, each with their number.

        Only the path `folder` and those below it count; all, if it is empty.
        """
        below = "" if not folder else " AND (path = ? OR (path > ? AND path < ?))"
        bounds = (folder, f"{folder}/", f"{folder}0") if folder else ()  # "0" follows "/"
        rows = self._db.rows(
            "SELECT path, doubtful FROM doubtful_narrations"
            f" WHERE path > ?{below} ORDER BY path LIMIT ?",
            (*map(os.fsencode, (after, *bounds)), limit),
        )
        return [(os.fsdecode(path), doubtful) for path, doubtful in rows]


def _counts(takes: ManifestTakes) -> tuple[int, ...]:
    return tuple(getattr(takes, name) for name in _COUNTS)


def _encoded(times: ChunkTimes) -> bytes | None:
    if not times:
        return None
    whole_ms = (min(_LONGEST_MS, round(at_s * _MS)) for at_s in chain.from_iterable(times))
    return zlib.compress(array(_UNSIGNED, whole_ms).tobytes())


def _decoded(content: bytes) -> ChunkTimes:
    found = array(_UNSIGNED)
    with suppress(zlib.error, ValueError):
        found.frombytes(zlib.decompress(content))
    return [(start / _MS, end / _MS) for start, end in zip(found[::2], found[1::2], strict=False)]

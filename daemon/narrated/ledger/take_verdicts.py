"""Verdicts on takes, their measures, the lengths of voices, and how the chunks of jobs turned out.

A verdict goes with its take: it is pruned once neither the cache nor an open job has that.
"""

import time
from collections.abc import Iterable
from contextlib import suppress
from typing import NamedTuple

import msgspec

from narrated.ledger.database import Repository
from narrated.take_checks.length_line import VoiceLine
from narrated.take_checks.verdict import RULES_VERSION, Verdict, decode_verdict

_NOW = "max(?, (SELECT coalesce(max(judged_at), 0) + 1e-6 FROM verdicts WHERE key = ?))"
"""The time, or just after the last verdict on the take if the clock was set back."""


class TakeVerdicts(Repository):
    """Verdicts by the key of the take, the identity of the hearing engine, and the rules."""

    def record(self, key: str, verdict: Verdict, rules: int = RULES_VERSION) -> None:
        """Keep the verdict on a take."""
        self._write(
            f"INSERT OR REPLACE INTO verdicts VALUES (?, ?, ?, ?, {_NOW})",
            *(key, verdict.hearing, rules, verdict.encode(), time.time(), key),
        )

    def get(self, key: str, hearing: str = "", rules: int = RULES_VERSION) -> Verdict | None:
        """Return the verdict on a take; None if it was not checked so."""
        found = self._value(
            "SELECT verdict FROM verdicts WHERE key = ? AND hearing = ? AND rules = ?",
            *(key, hearing, rules),
        )
        with suppress(msgspec.ValidationError):  # of another version: the take is checked again
            return None if found is None else decode_verdict(found)
        return None

    def latest(self, key: str) -> Verdict | None:
        """Return the last verdict on a take by ears, if any listened, else by its sound alone."""
        rows = self._db.rows(
            "SELECT hearing FROM verdicts WHERE key = ? AND rules = ?"
            " ORDER BY hearing = '', judged_at DESC, hearing DESC",
            (key, RULES_VERSION),
        )
        return self.get(key, rows[0][0]) if rows else None

    def is_bad(self, key: str) -> bool:
        """True if the last check found faults in a take; ears correct what its sound told."""
        known = self.latest(key)
        return known is not None and not known.is_good


class MeasuresOfTakes(Repository):
    """Measures of takes by encoders, by their keys; the caller encodes and decodes it."""

    def record(self, key: str, measures: bytes) -> None:
        """Keep the measures of a take."""
        self._write("INSERT OR REPLACE INTO take_measures VALUES (?, ?)", key, measures)

    def get(self, key: str) -> bytes | None:
        """Return the measures of a take; None if it was not measured."""
        found = self._value("SELECT measures FROM take_measures WHERE key = ?", key)
        return None if found is None else bytes(found)


class VoiceLengths(Repository):
    """The line of each voice by its digest and options, and by language."""

    def get(self, voice: str, language: str) -> VoiceLine:
        """Return a voice's line; that of a usual narrator if it is not known."""
        found = self._value(
            "SELECT line FROM voice_lengths WHERE voice = ? AND language = ?", voice, language
        )
        with suppress(msgspec.MsgspecError):  # of another version: it is fitted again
            return VoiceLine() if found is None else msgspec.json.decode(found, type=VoiceLine)
        return VoiceLine()

    def record(self, voice: str, language: str, line: VoiceLine) -> None:
        """Keep a voice's line."""
        self._write(
            "INSERT OR REPLACE INTO voice_lengths VALUES (?, ?, ?)",
            *(voice, language, msgspec.json.encode(line)),
        )


class CheckedChunk(NamedTuple):
    """A chunk of a job that was spoken more than once, or whose take has faults."""

    seq: int
    take: int
    """The number of the chosen take."""
    spoken: int
    """The number of takes that were spoken and checked."""
    is_accepted: bool
    """True if all takes are heard alike: the words are right, the hearing model is not."""
    verdict: Verdict
    """That of the chosen take."""


class CheckedChunks(Repository):
    """Verdicts on the chunks of jobs; a job loses them with its plan."""

    def record(self, job: int, chunk: CheckedChunk, key: str) -> None:
        """Record how a chunk turned out, and that its job needs the chosen take, of this key."""
        seq, take, spoken, is_accepted, verdict = chunk
        with self._db.transaction():
            self._db.rows(
                "INSERT OR REPLACE INTO checked_chunks VALUES (?, ?, ?, ?, ?, ?)",
                (job, seq, take, spoken, is_accepted, verdict.encode()),
            )
            self._db.rows("UPDATE chunks SET key = ? WHERE job = ? AND seq = ?", (key, job, seq))

    def of(self, job: int) -> list[CheckedChunk]:
        """Return how the chunks of a job turned out, in their order."""
        rows = self._db.rows(
            "SELECT seq, take, spoken, accepted, verdict FROM checked_chunks"
            " WHERE job = ? ORDER BY seq",
            (job,),
        )
        return [
            CheckedChunk(seq, take, spoken, bool(accepted), decode_verdict(verdict))
            for seq, take, spoken, accepted, verdict in rows
        ]

    def inherit(self, job: int, older: int) -> None:
        """Give a job that keeps an older one's narration how its chunks turned out."""
        self._write(
            "INSERT OR IGNORE INTO checked_chunks SELECT ?, seq, take, spoken, accepted, verdict"
            " FROM checked_chunks WHERE job = ?",
            *(job, older),
        )

    def forget(self, job: int, seqs: Iterable[int]) -> None:
        """Forget how these chunks turned out, so that they are checked again."""
        self._write_all(
            "DELETE FROM checked_chunks WHERE job = ? AND seq = ?", [(job, seq) for seq in seqs]
        )

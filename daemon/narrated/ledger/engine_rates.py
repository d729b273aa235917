"""Measured rates of engines on this machine: characters, sound and work of their requests.

And how loud each voice speaks, by which the gain of a narration is known before it is spoken.
"""

import json
import math
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from narrated.errors import StorageError
from narrated.ledger.database import Repository

_KEPT = 0.998
"""The weight of what was measured before: about the last five hundred requests count."""
_SUMS = ("requests", "characters", "sound_s", "work_s", "heard_s", "energy_s")
_KNOWN_S = 120.0
_RATES = ", ".join(_SUMS[:4])

Voice = tuple[str, str, Mapping[str, Any]]
"""An engine, one of its voices, and the options of its requests."""


@dataclass(frozen=True, slots=True)
class EngineRate:
    """Sums of an engine's work for one voice and its options."""

    engine: str
    voice: str
    options: str
    """As JSON with sorted keys."""
    requests: float
    characters: float
    sound_s: float
    work_s: float


class EngineRates(Repository):
    """Rates by engine, voice and options of the requests."""

    def learn(
        self,
        speaker: Voice,
        identity: str,
        characters: int,
        sound_s: float,
        work_s: float,
        lufs: float | None = None,
    ) -> None:
        """Add what one request of an engine, voice and options took; a refused write loses it.

        `lufs` is the loudness of its sound; None if that is silent, or was not measured.
        """
        heard_s, energy_s = (0.0, 0.0) if lufs is None else (sound_s, sound_s * 10 ** (lufs / 10))
        engine, voice, options = speaker
        sums = ", ".join(
            f"{name} = excluded.{name} + CASE identity WHEN excluded.identity"
            f" THEN {_KEPT} * {name} ELSE 0 END"
            for name in _SUMS
        )
        with suppress(StorageError):
            self._write(
                "INSERT INTO engine_rates VALUES (?, ?, ?, ?, 1, ?, ?, ?, ?, ?)"
                " ON CONFLICT (engine, voice, options) DO UPDATE"
                f" SET {sums}, identity = excluded.identity",
                *(engine, voice, options_key(options), identity),
                *(characters, sound_s, work_s, heard_s, energy_s),
            )

    def loudness(self, speaker: Voice, identity: str) -> float | None:
        """Return the mean loudness of a voice in LUFS; None if it is not known."""
        engine, voice, options = speaker
        with suppress(StorageError):
            rows = self._db.rows(
                "SELECT energy_s / heard_s FROM engine_rates"
                " WHERE engine = ? AND voice = ? AND options = ? AND identity = ? AND heard_s > 0",
                (engine, voice, options_key(options), identity),
            )
            return 10 * math.log10(rows[0][0]) if rows and rows[0][0] > 0 else None
        return None

    def is_known(self, speaker: Voice, identity: str) -> bool:
        """True if a voice has spoken for some minutes, so that its mean loudness counts."""
        engine, voice, options = speaker
        with suppress(StorageError):
            rows = self._db.rows(
                "SELECT 1 FROM engine_rates WHERE engine = ? AND voice = ? AND options = ?"
                " AND identity = ? AND heard_s >= ?",
                (engine, voice, options_key(options), identity, _KNOWN_S),
            )
            return bool(rows)
        return False

    def all(self) -> list[EngineRate]:
        """Return what was measured, by engine and voice. Errors: StorageError."""
        rows = self._db.rows(f"SELECT engine, voice, options, {_RATES} FROM engine_rates")
        return [EngineRate(*row) for row in rows]


def rate_identity(engine: str, narrator_options: Mapping[str, Any]) -> str:
    """Identify what is measured: another usual rate of an engine is another engine."""
    return f"{engine}{dict(narrator_options) or ''}"


def options_key(options: Mapping[str, Any]) -> str:
    """Write options so that equal ones are equal text."""
    return json.dumps(options, sort_keys=True)

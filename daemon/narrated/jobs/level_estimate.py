"""Estimates how loud a narration will be, for gains that are settled before its last take."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from narrated.audio.encoder_requests import (
    ALL_AT_ONCE,
    AS_PREDICTED,
    KnownTake,
    LevelCorrection,
    LevelEstimate,
    SpeakerEstimate,
)
from narrated.jobs.plan import Plan
from narrated.ledger.engine_rates import EngineRates, Voice, rate_identity
from narrated.ledger.take_cache import TakeCache

MOST_KNOWN = 200
"""So many later takes tell a book's loudness to some tenths of an LU; each costs the encoder 0.1 ms
before the first word is encoded."""

NARRATOR = "narrator"


@dataclass(frozen=True, slots=True)
class LevelEstimator:
    """Knows the voices' earlier takes by the ledger, and this narration's by the cache."""

    _rates: EngineRates
    _cache: TakeCache
    _missing: Mapping[int, object]
    """The chunks that have no take yet, by their numbers."""
    _correction: LevelCorrection = AS_PREDICTED
    """That of an earlier encoding of the narration."""

    def estimate(self, plan: Plan, count: int) -> LevelEstimate:
        """Estimate the loudness of a plan whose first `count` takes are there."""
        alike = _alike(plan)
        if self._correction.count:
            return LevelEstimate(alike=alike, correction=self._correction)
        if plan.output.loudness is False:
            return ALL_AT_ONCE
        if count == len(plan.draft.chunks):
            return LevelEstimate(alike=alike) if alike else ALL_AT_ONCE
        return LevelEstimate(self._speakers(plan, alike), self._known(plan, count, alike), alike)

    def knows(self, plan: Plan) -> bool:
        """True if it knows how loud the narrator of a plan speaks, or need not know."""
        if self._correction.count or plan.output.loudness is False:
            return True
        return self._rates.is_known(*_voice(plan, NARRATOR))

    def _speakers(self, plan: Plan, alike: Mapping[str, str]) -> dict[str, SpeakerEstimate]:
        characters: dict[str, int] = {}
        for chunk in plan.draft.chunks:
            speaker = alike.get(chunk.speaker, chunk.speaker)
            characters[speaker] = characters.get(speaker, 0) + len(chunk.text)
        return {
            speaker: SpeakerEstimate(self._lufs(plan, speaker), count)
            for speaker, count in characters.items()
        }

    def _lufs(self, plan: Plan, name: str) -> float | None:
        return self._rates.loudness(*_voice(plan, name))

    def _known(self, plan: Plan, count: int, alike: Mapping[str, str]) -> list[KnownTake]:
        """Those of the later takes that the cache has, from all over the narration."""
        later = range(count, len(plan.draft.chunks))
        return [
            self._known_take(plan, seq, alike)
            for seq in _spread([seq for seq in later if seq not in self._missing], MOST_KNOWN)
        ]

    def _known_take(self, plan: Plan, seq: int, alike: Mapping[str, str]) -> KnownTake:
        chunk, path = plan.draft.chunks[seq], self._cache.path(plan.keys[seq])
        return KnownTake(str(path), alike.get(chunk.speaker, chunk.speaker), len(chunk.text))


def _voice(plan: Plan, name: str) -> tuple[Voice, str]:
    """The voice of a speaker and the identity of its engine, as the ledger has them."""
    speaker = plan.draft.speakers[name]
    options = plan.narrator_options.get(speaker.engine, {})
    identity = rate_identity(plan.identities.get(speaker.engine, ""), options)
    return (speaker.engine, speaker.voice, speaker.options), identity


def _alike(plan: Plan) -> dict[str, str]:
    """Map speakers to an earlier one with the same voice: a caption in the narrator's is no other.

    Their speeds may differ, since that changes no level.
    """
    if len(plan.draft.speakers) == 1:
        return {}
    firsts: dict[object, str] = {}
    alike = {}
    for name, speaker in plan.draft.speakers.items():
        voice = (speaker.engine, speaker.voice, repr(sorted(speaker.options.items())))
        if firsts.setdefault(voice, name) != name:
            alike[name] = firsts[voice]
    return alike


def _spread(places: Iterable[int], most: int) -> list[int]:
    """Choose at most so many, evenly."""
    found = list(places)
    return found[:: -(-len(found) // most)] if found else found

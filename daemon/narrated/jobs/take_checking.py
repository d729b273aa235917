"""Checks takes: by the measures of their sound, and by what a hearing model hears in them."""

from dataclasses import dataclass

from narrated.audio.encoder_requests import SaidText
from narrated.engines.generation_end import GenerationEnd
from narrated.jobs.ears import MOST_DEATHS, Ears
from narrated.jobs.job_progress import JobProgress
from narrated.jobs.plan import Plan, json_digest
from narrated.ledger.store import Ledger
from narrated.ledger.take_cache import KeptTake, TakeCache
from narrated.ledger.takes import hearing_key
from narrated.take_checks.both_checks import faults_of_both
from narrated.take_checks.length_line import text_effort
from narrated.take_checks.measured_take import MeasuredTake, decode_measured_take
from narrated.take_checks.signal_rules import signal_faults
from narrated.take_checks.verdict import FaultKind, Verdict


@dataclass(eq=False)
class TakeChecker:
    """Makes the verdicts on takes, each once: the ledger keeps them."""

    _ledger: Ledger
    _cache: TakeCache
    ears: Ears

    def learn(self, plan: Plan, seq: int, kept: KeptTake, end: GenerationEnd) -> None:
        """Keep what a new take tells of itself and its voice, in the caller's transaction."""
        if plan.settings.takes.is_on:
            self._judge(plan, seq, MeasuredTake(kept.measures, end.ended))

    def known(self, key: str) -> Verdict | None:
        """Return the last verdict on a take, of ears if any listened; None if it has none."""
        return self._ledger.verdicts.latest(key)

    async def known_now(self, key: str, language: str, *, may_hear: bool) -> Verdict | None:
        """Return the verdict on a take that a check would come to; None if it must listen first.

        The word of another hearing model, or of the sound alone, counts if none listens now.
        """
        listener = await self.ears.listener(language) if may_hear else None
        if listener is None:
            return self.known(key)
        by_sound = self._ledger.verdicts.get(key)
        if by_sound is not None and _is_silent(by_sound):
            return by_sound
        return self._ledger.verdicts.get(key, listener.identity)

    async def by_sound(self, plan: Plan, seq: int, job: int) -> Verdict:
        """Return the verdict on a chunk's take by its sound. Errors: DamagedTakes, StorageError."""
        key = plan.keys[seq]
        if known := self._ledger.verdicts.get(key):
            return known
        measured = decode_measured_take(self._ledger.measures.get(key))
        if measured is None:  # a take of before, or one whose ledger was lost
            chunk = plan.draft.chunks[seq]
            said = SaidText(chunk.text, chunk.language)
            measured = MeasuredTake(await self._cache.measured(key, job, said))
        with self._ledger.transaction():
            return self._judge(plan, seq, measured)

    async def by_ears(
        self, plan: Plan, seq: int, job: int, progress: JobProgress, lexicons: tuple[str, ...]
    ) -> Verdict:
        """Return the verdict by sound and ears; without ears, or if they fail, by sound alone.

        Errors: DamagedTakes, StorageError.
        """
        key, chunk = plan.keys[seq], plan.draft.chunks[seq]
        by_sound = await self.by_sound(plan, seq, job)
        if _is_silent(by_sound):
            return by_sound
        listener = await self.ears.listener(chunk.language)
        if listener is None:
            return by_sound
        if known := self._ledger.verdicts.get(key, listener.identity):
            return known
        if self._ledger.crashes.count(hearing_key(key, listener.identity)) >= MOST_DEATHS:
            return by_sound
        with progress.hearing(seq, listener.name, len(chunk.text)):
            heard = await self.ears.hear(chunk, key, listener, job, lexicons)
        if heard is None:
            return by_sound
        compared = heard.compared
        faults = faults_of_both(by_sound.faults, compared)
        told = heard.text, compared.distance, listener.identity, compared.wrong
        verdict = Verdict(faults, *told)
        with self._ledger.transaction():
            is_known = self._ledger.verdicts.get(key, listener.identity) is not None
            self._ledger.verdicts.record(key, verdict)
            if not is_known:  # else a chunk with the same take was faster
                self._ledger.misheard.record(chunk.language, compared.misheard)
        return verdict

    def _judge(self, plan: Plan, seq: int, measured: MeasuredTake) -> Verdict:
        """Judge a take by its voice's line so far, and keep what it adds to that."""
        chunk, voice = plan.draft.chunks[seq], _voice(plan, seq)
        line = self._ledger.voice_lengths.get(voice, chunk.language)
        effort = measured.measures.effort or text_effort(chunk.text)
        paused = chunk.text if measured.measures.silences_s else ""  # else no sign counts
        expected = line.expected(paused, effort) if effort > 0 else None
        verdict = Verdict(signal_faults(measured.measures, expected, measured.ended))
        learned = line.learned(effort, measured.measures)
        self._ledger.voice_lengths.record(voice, chunk.language, learned)
        self._ledger.measures.record(plan.keys[seq], measured.encode())
        self._ledger.verdicts.record(plan.keys[seq], verdict)
        return verdict


def _is_silent(by_sound: Verdict) -> bool:
    """True if there is nothing for ears to hear."""
    return any(fault.kind is FaultKind.NOTHING_HEARD for fault in by_sound.faults)


def _voice(plan: Plan, seq: int) -> str:
    """Identify a voice as it speaks: another one of the same name, or at another rate, differs."""
    speaker = plan.draft.speakers[plan.draft.chunks[seq].speaker]
    options = plan.narrator_options.get(speaker.engine, {}) | speaker.options
    content = plan.voices.get(plan.draft.chunks[seq].speaker) or plan.identities.get(speaker.engine)
    return json_digest([speaker.engine, speaker.voice, content, options])

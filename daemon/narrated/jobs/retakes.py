"""Retakes: speaks a chunk again while its take is bad, and keeps the best of its takes."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

import msgspec

from narrated.audio.encoder_requests import DamagedTakes
from narrated.errors import EngineError, EngineUnavailable, StorageError
from narrated.jobs.chunk_verdicts import ChunkVerdict
from narrated.jobs.ears import Ears
from narrated.jobs.job_creation import JobCreator
from narrated.jobs.job_progress import JobProgress
from narrated.jobs.no_good_take import no_good_take
from narrated.jobs.plan import Plan, PlanOutdated, take_key
from narrated.jobs.published_takes import PublishedTakes, published_takes, told_chunk
from narrated.jobs.take_checking import TakeChecker
from narrated.jobs.take_speaking import TakeSpeaker, chunk_request
from narrated.ledger.job import Job, JobCause
from narrated.ledger.store import Ledger
from narrated.ledger.take_cache import TakeCache
from narrated.ledger.take_verdicts import CheckedChunk
from narrated.script.take_check_settings import TakeCheckSettings
from narrated.take_checks.take_choice import TakeChoice, best_take
from narrated.take_checks.verdict import Verdict
from narrated.workers.request_matching import EngineAccess


@dataclass(eq=False)
class Retakes:
    """Begins the speech of jobs whose takes are checked."""

    _ledger: Ledger
    _speaker: TakeSpeaker
    _checker: TakeChecker
    _engines: EngineAccess
    _jobs: JobCreator

    def begin(self, job: Job, plan: Plan, progress: JobProgress) -> "CheckedSpeech":
        """Begin, or go on with, the speech of a job: what is known of its chunks stays."""
        parts = self._ledger, self._speaker, self._checker, self._engines
        speech = CheckedSpeech(*parts, job, plan, progress)
        if plan.settings.takes.is_on:
            speech.recall()
        return speech

    def follow_up(self, job: Job, plan: Plan, new: frozenset[str]) -> None:
        """Have the new chunks checked that are published as they were, and all that was due.

        If a newer version of the source came meanwhile, its job owes the check.
        """
        if _is_hasty(job, plan) and self._may_improve(job, plan, new):
            self._ledger.due_checks.add(job.id, None if new.issuperset(plan.digests) else new)
        if self._ledger.sources.sha256(job.path) == job.source_sha256:
            self._jobs.create_due_check(job, plan)

    def _may_improve(self, job: Job, plan: Plan, new: frozenset[str]) -> bool:
        if plan.settings.takes.may_hear and self._checker.ears.are_there:
            return bool(new)
        return any(plan.digests[each.seq] in new for each in self._ledger.checked_chunks.of(job.id))


def build_retakes(
    ledger: Ledger, cache: TakeCache, engines: EngineAccess, ears: Ears, jobs: JobCreator
) -> Retakes:
    """Build the parts that speak and check takes."""
    checker = TakeChecker(ledger, cache, ears)
    speaker = TakeSpeaker(cache, ledger.rates, engines, checker)
    return Retakes(ledger, speaker, checker, engines, jobs)


def _is_hasty(job: Job, plan: Plan) -> bool:
    """True if a job publishes what is there, for another job to make it better."""
    settings = plan.settings.takes
    return settings.is_on and settings.publish == "now" and job.cause is not JobCause.CHECK


@dataclass(eq=False)
class CheckedSpeech:
    """The speech of one job. Its plan changes as better takes are chosen.

    A take that a person asked for is checked, and never replaced. So is one that is published
    already, unless the job is there to check it, or to refresh a doubtful one: only what is made
    now is spoken again. Strict settings judge neither of them. Another take of a doubtful chunk is
    compared with those before, and the best one stays.
    """

    _ledger: Ledger
    _speaker: TakeSpeaker
    _checker: TakeChecker
    _engines: EngineAccess
    _job: Job
    plan: Plan
    _progress: JobProgress
    _verdicts: dict[int, ChunkVerdict] = field(default_factory=dict)
    _asked_for: set[str] = field(default_factory=set)
    """Digests of the chunks whose takes a person chose."""
    _rejected_below: Mapping[str, int] = field(default_factory=dict)
    """The number by chunk digest below which a person rejected all takes."""
    _lexicons: tuple[str, ...] | None = None
    _published: PublishedTakes = field(default_factory=PublishedTakes)
    _due: frozenset[str] | None = None
    """Digests of the chunks that a check is for; None for all."""
    _is_check: bool = False

    @property
    def verdicts(self) -> tuple[ChunkVerdict, ...]:
        """The verdicts on the chunks that were checked, in order."""
        return tuple(self._verdicts[seq] for seq in sorted(self._verdicts))

    @property
    def new(self) -> frozenset[str]:
        """The digests of the chunks that `publish: now` leaves to a later check.

        They are not out yet, or a refresh tries them again.
        """
        digests = enumerate(self.plan.digests if self._is_hasty else ())
        return frozenset(
            digest for seq, digest in digests if not self._is_out(seq) or self._is_refreshed(seq)
        )

    @property
    def _settings(self) -> TakeCheckSettings:
        return self.plan.settings.takes

    @property
    def _is_hasty(self) -> bool:
        return _is_hasty(self._job, self.plan) and not self._is_check

    def recall(self) -> None:
        """Go on from what an earlier run of the job, or its published narration, found out."""
        self._asked_for = self._ledger.takes.chosen_by_person(self._job.path)
        self._rejected_below = self._ledger.takes.rejected_below(self._job.path)
        for each in self._ledger.checked_chunks.of(self._job.id):
            self.plan = self.plan.with_take(each.seq, each.take)
            self._verdicts[each.seq] = told_chunk(each)
        self._published = published_takes(self._ledger, self._job, self._settings)
        published = self._ledger.jobs.published(self._job.path)
        self._due = self._ledger.due_checks.digests(published.id) if published else None

    def begin_check(self) -> Sequence[int]:
        """Begin a check of published takes; returns the chunks that are to be settled.

        The others stay as they are, and need no sound.
        """
        self._is_check = True
        left = [seq for seq in range(len(self.plan.keys)) if seq not in self._verdicts]
        checked = [seq for seq in left if not self._stays(seq)]
        for seq in set(left).difference(checked):
            self._progress.unspoken.pop(seq, None)
            self._recall_published(seq)
        return checked

    async def speak_again(self, seq: int) -> None:
        """Speak a take whose file is damaged once more."""
        await self._speaker.speak_again(self.plan, seq, self._job.id)

    async def settle(self, seq: int) -> None:
        """Speak a chunk, again while it is bad; its best take is then in plan, cache and ledger.

        Errors: NoGoodTake if there is none and the settings are strict; those of a request.
        """
        await self._speaker.ensure_take(self.plan, seq, self._job.id)
        if not self._settings.is_on or seq in self._verdicts:
            return
        if self._stays(seq):
            self._recall_published(seq)
            return
        verdicts = await self._try_takes(seq)
        choice = best_take(verdicts)
        await self._check_strictness(seq, choice, verdicts)
        self._choose(seq, choice, verdicts)
        await self._speaker.ensure_take(self.plan, seq, self._job.id)

    async def _try_takes(self, seq: int) -> dict[int, Verdict]:
        """Check the chunk's take, and others until one is good."""
        first = self.plan.takes[seq]
        verdicts = {first: await self._check(self.plan, seq)}
        if self._is_compared(seq):
            return await self._earlier(seq) | verdicts
        if not verdicts[first].is_good and await self._may_try(seq):
            others = set(self._unrejected(seq, self._settings.most)) - {first}
            for take in sorted(others):
                if len(verdicts) >= self._settings.most:
                    break
                verdict = await self._try_other(seq, take)
                if verdict is None:
                    break
                verdicts[take] = verdict
                if verdict.is_good:
                    break
        return verdicts

    def _is_compared(self, seq: int) -> bool:
        """True for the next take of a doubtful chunk, while the one that is out may be better.

        The job that it was asked for may have been cancelled, or superseded by an edit.
        """
        outcomes, take = self._published.outcomes, self.plan.takes[seq]
        if self.plan.digests[seq] in self._asked_for or self.plan.keys[seq] in outcomes:
            return False
        return any(self._key(seq, before) in outcomes for before in range(take))

    async def _earlier(self, seq: int) -> dict[int, Verdict]:
        """Return what is known of the takes before; of equal ones, the published is the best.

        Those that a person rejected are left out.
        """
        verdicts: dict[int, Verdict] = {}
        outcomes = self._published.outcomes
        keys = {take: self._key(seq, take) for take in range(self.plan.takes[seq])}
        out = [take for take, key in keys.items() if key in outcomes]
        others = [take for take in self._unrejected(seq, len(keys)) if take not in out]
        for take in out + others:
            known = await self._known(keys[take], seq)
            told = outcomes.get(keys[take])
            if verdict := known or (told and told.verdict):
                verdicts[take] = verdict
        return verdicts

    async def _known(self, key: str, seq: int) -> Verdict | None:
        language = self.plan.draft.chunks[seq].language
        return await self._checker.known_now(key, language, may_hear=self._settings.may_hear)

    def _unrejected(self, seq: int, count: int) -> range:
        """Return those of the first takes that no person rejected."""
        return range(self._rejected_below.get(self.plan.digests[seq], 0), count)

    def _key(self, seq: int, take: int) -> str:
        return take_key(self.plan.digests[seq], take)

    async def _try_other(self, seq: int, take: int) -> Verdict | None:
        """Speak and check another take; None if its engine cannot speak it now."""
        plan = self.plan.with_take(seq, take)
        known = await self._known(plan.keys[seq], seq)
        if known is not None and not known.is_good:
            return known  # it was bad for the last narration
        self._progress.retakes += 1
        self._progress.unspoken[seq] = (plan.engine(seq), len(plan.draft.chunks[seq].text))
        try:
            await self._speaker.ensure_take(plan, seq, self._job.id)
        except (EngineError, EngineUnavailable, PlanOutdated):
            return None
        finally:
            self._progress.unspoken.pop(seq, None)
        return await self._check(plan, seq)

    async def _check(self, plan: Plan, seq: int) -> Verdict:
        """Check a take that is in the cache; one whose file is damaged is spoken again, once."""
        self._progress.unspoken.pop(seq, None)
        try:
            return await self._verdict(plan, seq)
        except DamagedTakes:
            await self._speaker.speak_again(plan, seq, self._job.id)
        try:
            return await self._verdict(plan, seq)
        except DamagedTakes as damaged:
            raise StorageError(
                "Takes in the cache are damaged as soon as they are written.",
                "Check the disk of the cache.",
            ) from damaged

    async def _verdict(self, plan: Plan, seq: int) -> Verdict:
        if self._is_hasty or not self._settings.may_hear:
            return await self._checker.by_sound(plan, seq, self._job.id)
        lexicons = await self._lexicon_texts() if self._checker.ears.are_there else ()
        return await self._checker.by_ears(plan, seq, self._job.id, self._progress, lexicons)

    async def _lexicon_texts(self) -> tuple[str, ...]:
        if self._lexicons is None:
            self._lexicons = await self._checker.ears.lexicons.texts(self.plan)
        return self._lexicons

    async def _may_try(self, seq: int) -> bool:
        """True if another take of a chunk may be spoken, and may sound different."""
        is_asked_for = self.plan.digests[seq] in self._asked_for
        if is_asked_for or self._is_hasty or self._job.cause is JobCause.RESPEAK:
            return False
        return await self._varies(seq)

    async def _varies(self, seq: int) -> bool:
        """True if the engine of a chunk is here, and another take may sound different."""
        request = chunk_request(self.plan, seq, self._job.id)
        try:
            info = await self._engines.engine(request.engine)
        except EngineUnavailable:
            return False
        return info.varies and request.matches(info)

    async def _check_strictness(
        self, seq: int, choice: TakeChoice, verdicts: Mapping[int, Verdict]
    ) -> None:
        best = verdicts[choice.take]
        if best.is_good or choice.is_accepted or not self._is_strict(seq):
            return
        text, most, varies = self.plan.draft.chunks[seq].text, self._settings.most, True
        if len(verdicts) < most:
            varies = await self._varies(seq)
        raise no_good_take(text, best, len(verdicts), most=most, varies=varies)

    def _is_strict(self, seq: int) -> bool:
        """True if a chunk is to have a good take: not if it is out already, or a person's choice.

        What is out stays, or gets better; a post that failed for it would tell nothing new.
        """
        digest = self.plan.digests[seq]
        is_out = digest in self._published.digests or digest in self._asked_for
        return self._settings.strict and not (is_out or self._is_hasty)

    def _choose(self, seq: int, choice: TakeChoice, verdicts: Mapping[int, Verdict]) -> None:
        """Take the best take over, into the ledger unless it is the first and good."""
        first, best = self.plan.takes[seq], verdicts[choice.take]
        told = ChunkVerdict(seq, self._spoken(seq, verdicts), best, choice.is_accepted)
        with self._ledger.transaction():
            self._record(told, choice.take)
            if choice.take != first:
                digest = self.plan.digests[seq]
                self._ledger.takes.choose_best(self._job.path, digest, choice.take)
        if choice.take != first:
            self.plan = self.plan.with_take(seq, choice.take)

    def _spoken(self, seq: int, takes: Collection[int]) -> int:
        """Count the takes of a chunk; its narration may tell of more than the ledger knows."""
        told = [self._published.outcomes.get(self._key(seq, take)) for take in takes]
        before = max((each.takes for each in told if each), default=0)
        is_new = self.plan.keys[seq] not in self._published.outcomes
        return max(len(takes), before + is_new)

    def _record(self, told: ChunkVerdict, take: int) -> None:
        """Keep how a chunk turned out: in the ledger only if there is something to tell."""
        self._verdicts[told.seq] = told
        if told.takes > 1 or not told.verdict.is_good:
            key = self._key(told.seq, take)
            chunk = CheckedChunk(told.seq, take, told.takes, told.accepted, told.verdict)
            self._ledger.checked_chunks.record(self._job.id, chunk, key)

    def _stays(self, seq: int) -> bool:
        """True if a chunk is published with this very take, and the job does not check that."""
        if not self._is_out(seq):
            return False
        if self._job.cause is JobCause.CHECK:
            return self._due is not None and self.plan.digests[seq] not in self._due
        return self._is_hasty or not self._is_refreshed(seq)

    def _is_out(self, seq: int) -> bool:
        return self.plan.keys[seq] in self._published.outcomes

    def _is_refreshed(self, seq: int) -> bool:
        """True if a chunk is doubtful, and the job is there to try such ones again."""
        told = self._told_before(seq) if self._job.cause is JobCause.REFRESH else None
        return told is not None and told.is_doubtful

    def _recall_published(self, seq: int) -> None:
        told = self._told_before(seq)
        if told is not None:
            self._record(msgspec.structs.replace(told, seq=seq), self.plan.takes[seq])

    def _told_before(self, seq: int) -> ChunkVerdict | None:
        """Tell a published take as its narration does, or as ears that heard it elsewhere do."""
        told = self._published.outcomes[self.plan.keys[seq]]
        if told is None or not (told.verdict.hearing or told.verdict.faults):
            known = self._checker.known(self.plan.keys[seq])
            if known is not None and (told is None or known.hearing):
                return ChunkVerdict(seq, 1 if told is None else told.takes, known)
        return told

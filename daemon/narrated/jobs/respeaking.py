"""Respeaking: other takes of a published narration, in the settings that it was made with."""

import asyncio
import shlex
from collections.abc import Callable, Collection, Iterable, Iterator, Set
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from functools import partial

import msgspec

from narrated.errors import NarratedError, StorageError
from narrated.jobs.held_posts import held_back_error
from narrated.jobs.job_creation import JobCreator, with_checks
from narrated.jobs.plan import Plan, take_key
from narrated.jobs.shielded_outbox_changes import ShieldedOutboxChanges
from narrated.jobs.take_speaking import chunk_request
from narrated.ledger.job import Job, JobCause, JobState
from narrated.ledger.store import Ledger
from narrated.outbox import untrusted_reads
from narrated.printable import printable
from narrated.workers.pool import WorkerPool
from narrated.workers.request_matching import ScheduledRequest, refusal

_MOST_PASSED = 50
"""So many bad takes are passed over for another one; then the next is chosen in any case."""

OpenPool = Callable[[], AbstractAsyncContextManager[WorkerPool]]
"""Opens the workers: those of the daemon, or short-lived ones."""


class DoubtfulRespoken(msgspec.Struct, frozen=True):
    """The outcome of a request for other takes of doubtful chunks."""

    spoken: tuple[str, ...]
    """Narrations of which doubtful chunks are spoken again."""
    good: tuple[str, ...]
    """Those that have none."""
    refused: tuple[tuple[str, str, str], ...]
    """Those that cannot be spoken again, each with the problem and its remedy."""


@dataclass(eq=False)
class Respeaking:
    """Creates the job of another take. It keeps the narration's own plan: script, engine, voice.

    A changed configuration, lexicon or folder's settings wait for `refresh`, or for an edit.
    """

    _ledger: Ledger
    _jobs: JobCreator
    _outbox: ShieldedOutboxChanges
    _pool: OpenPool

    async def respeak(self, path: str, at_s: float | None) -> None:
        """Choose the next take of all chunks, or of the line at a time of the narration.

        Errors: NarratedError, and nothing is queued: if there is no such narration or line, if the
        source changed meanwhile, or if the engine is another by now or has no other take.
        """
        published, plan = self._narration(path)
        seqs = await self._chunks_at(published, plan, at_s)
        async with self._pool() as pool:
            self._respeak(published, plan, seqs, pool, is_automatic=False)

    async def respeak_doubtful(self, paths: Iterable[str]) -> DoubtfulRespoken:
        """Try the next take of each doubtful chunk of these narrations; the best one stays.

        One that is refused stops no other. Errors: NarratedError, if the ledger refuses.
        """
        spoken: list[str] = []
        good: list[str] = []
        refused: list[tuple[str, str, str]] = []
        async with self._pool() as pool:
            for path in paths:
                try:
                    published, plan = self._narration(path)
                    seqs = self._doubtful_chunks(published, plan)
                    if seqs:
                        self._respeak(published, plan, seqs, pool, is_automatic=True)
                    (spoken if seqs else good).append(path)
                except StorageError:
                    raise
                except NarratedError as error:
                    refused.append((path, error.problem, error.remedy))
                await asyncio.sleep(0)  # many hold up nothing else
        return DoubtfulRespoken(tuple(spoken), tuple(good), tuple(refused))

    async def check(self, path: str) -> None:
        """Have the published takes of a source checked; only bad ones are spoken again.

        A check that is under way is enough, if it is one of all takes. Errors: NarratedError, and
        nothing is queued: if there is no such narration, or if its source changed meanwhile.
        """
        unfinished = self._ledger.jobs.unfinished(path)
        if any(job.cause is JobCause.CHECK and job.is_open for job in unfinished):
            self._jobs.widen_check(path)
            return
        published, plan = self._narration(path)
        self._jobs.create_check(published, self._asked_before(published, plan))

    def _respeak(
        self,
        published: Job,
        plan: Plan,
        seqs: Collection[int],
        pool: WorkerPool,
        *,
        is_automatic: bool,
    ) -> None:
        """Choose the next take of these chunks; if automatic, for a check to compare with others.

        Errors: NarratedError.
        """
        path = published.path
        speakers = _varying_speakers(path, plan, seqs, pool)
        self._check_source(published)  # the last look before the ledger is changed
        chunks = plan.draft.chunks
        chosen = {seq for seq in seqs if chunks[seq].speaker in speakers}
        with self._ledger.transaction():
            takes = self._ledger.takes
            self._choose_next(path, {plan.digests[seq] for seq in chosen}, is_automatic)
            asked = self._asked_before(published, plan)
            asked = with_checks(asked) if is_automatic else asked
            plan = asked.with_takes(takes.choices(path), only=chosen)
            job = self._jobs.create_planned(published, plan, JobCause.RESPEAK)
            _check_engines(path, plan, takes.missing(job.id), pool)

    def _choose_next(self, path: str, digests: Set[str], is_automatic: bool) -> None:
        """Choose the next take of these chunks, but none that a check found bad already."""
        for _ in range(_MOST_PASSED):
            self._ledger.takes.choose_next(path, digests, is_automatic=is_automatic)
            chosen = self._ledger.takes.choices(path)
            is_bad = self._ledger.verdicts.is_bad
            digests = {each for each in digests if is_bad(take_key(each, chosen[each]))}
            if not digests:
                return

    def _doubtful_chunks(self, published: Job, plan: Plan) -> Collection[int]:
        """Return the chunks of a narration whose takes have faults.

        Errors: NarratedError if its takes were not checked.
        """
        report = self._ledger.job_takes.report(published.id)
        if report is None:
            raise NarratedError(
                f"The takes of {printable(published.path)} were not checked.",
                f"Check them: `{check_command(published.path)}`.",
            )
        count = len(plan.draft.chunks)
        return [each.chunk for each in report.chunks if each.is_doubtful and each.chunk < count]

    def _asked_before(self, published: Job, plan: Plan) -> Plan:
        """Return the plan of another take that is not spoken yet: both are wanted."""
        asked = [self._jobs.plan(each) for each in self._ledger.jobs.unfinished(published.path)]
        alike = [each for each in asked if each is not None and each.digests == plan.digests]
        return alike[-1] if alike else plan

    def _narration(self, path: str) -> tuple[Job, Plan]:
        """Return the published job of a source and its plan."""
        published = self._ledger.jobs.published(path)
        if published is None:
            if why := self._ledger.held_back.why(path):
                raise held_back_error(path, why)
            raise NarratedError(
                f"{printable(path)} has no narration yet.",
                f"`narrated history {printable(path)}` tells why.",
            )
        self._check_source(published)
        plan = self._jobs.plan(published)
        if plan is None:
            raise NarratedError(
                f"The takes of {printable(path)} are not known, since the ledger was restored or "
                "narrated was updated.",
                f"`narrated refresh {printable(path)}` finds them; it speaks again only what the "
                "configuration says otherwise by now.",
            )
        return published, plan

    def _check_source(self, published: Job) -> None:
        """Raise NarratedError if the source is another by now, or is being narrated again."""
        path = printable(published.path)
        sha256 = self._ledger.sources.sha256(published.path)
        if not sha256:
            raise source_is_gone(path)
        for job in self._ledger.jobs.unfinished(published.path):
            if job.source_sha256 != published.source_sha256:
                raise _changed(path, _newer_version(job))
            if not (job.cause is JobCause.RESPEAK or job.state is JobState.FAILED):
                raise _narrated_again(path, job)
        if sha256 != published.source_sha256:
            raise _changed(path, "Its new version is narrated soon; then choose the line there.")

    async def _chunks_at(self, job: Job, plan: Plan, at_s: float | None) -> Collection[int]:
        """Return the chunks of the line at `at_s` seconds; all chunks if it is None."""
        chunks = plan.draft.chunks
        if at_s is None:
            return range(len(chunks))
        read = partial(untrusted_reads.known_manifest, self._outbox.folder, job.stem)
        manifest = await self._outbox.run_unguarded(read)
        starts = [block.start_s for block in manifest.blocks]
        if not 0 <= at_s <= manifest.duration_s or not starts:
            length = _minutes(manifest.duration_s)
            raise NarratedError(
                f"{printable(job.path)} is {length} long; nothing is heard at {_minutes(at_s)}.",
                "Choose a time within it: `--at MM:SS`.",
            )
        heard = max((n for n, start_s in enumerate(starts) if start_s <= at_s), default=0)
        line = plan.draft.script.units[heard].id
        return [seq for seq, chunk in enumerate(chunks) if chunk.line == line]


def check_command(path: str) -> str:
    """The command that checks the takes of a narration."""
    return f"narrated refresh {shlex.quote(printable(path))} --check"


def source_is_gone(path: str) -> NarratedError:
    """The error for a source that is not there to be narrated again."""
    return NarratedError(
        f"{path} is no longer in the inbox, is ignored, or may not be read.",
        f"`narrated ignored {path}` says whether a rule ignores it; if it is gone, drop it again "
        "(with `after: keep`, or it leaves at once). Its narration stays as it is meanwhile.",
    )


def no_longer_the_same(path: str, why: str) -> NarratedError:
    """The error for a narration whose engine or voice is another by now."""
    return NarratedError(
        f"{printable(path)} cannot be spoken again as it was narrated: {why}",
        f"`narrated refresh {printable(path)}` narrates all of it with what is there now; until "
        "then its narration stays as it is.",
    )


def _newer_version(job: Job) -> str:
    if job.is_open:
        return "Its new version is being narrated; then choose the line there."
    how = "failed" if job.state is JobState.FAILED else "waits"
    return f"Its new version {how}: {job.problem} {job.remedy}".rstrip()


def _narrated_again(path: str, job: Job) -> NarratedError:
    if job.state is JobState.WAITING:
        return NarratedError(
            f"{path} waits to be narrated again: {job.problem} {job.remedy}".rstrip(),
            f"To keep the narration that is there: `narrated cancel {path}`.",
        )
    return NarratedError(
        f"{path} is being narrated again already.",
        f"Wait until `narrated status` no longer lists it, or stop it: `narrated cancel {path}`.",
    )


def _changed(path: str, remedy: str) -> NarratedError:
    return NarratedError(f"{path} has changed since it was narrated.", remedy)


def _varying_speakers(
    path: str, plan: Plan, seqs: Collection[int], pool: WorkerPool
) -> Collection[str]:
    """Return the speakers of these chunks that have other takes; NarratedError if none has."""
    requests = dict(_request_by_speaker(plan, seqs))
    _check_engines(path, plan, seqs, pool)
    varying = [speaker for speaker, request in requests.items() if _varies(request, pool)]
    if not varying:
        raise _same_every_time(path, {request.engine for request in requests.values()})
    return varying


def _same_every_time(path: str, engines: Iterable[str]) -> NarratedError:
    shown = printable(path)
    return NarratedError(
        f"There is no other take of {shown}: {' and '.join(sorted(engines))} speaks the same words "
        "the same way every time.",
        "Change the words, or set how a word is said in a `lexicon.yaml`. Another voice or engine "
        f"needs a change of the configuration, then `narrated refresh {shown}`.",
    )


def _check_engines(path: str, plan: Plan, seqs: Iterable[int], pool: WorkerPool) -> None:
    """Raise NarratedError unless the engines and voices of these chunks are as they were."""
    for _, request in _request_by_speaker(plan, seqs):
        announced = pool.announced(request.engine)
        if any(map(request.matches, announced)):
            continue
        if why := refusal(request, pool):
            raise _unavailable(path, request.engine, why, is_replaced=bool(announced))
        raise NarratedError(
            f"The engine {request.engine}, which spoke {printable(path)}, is still loading.",
            "Try again in a moment; `narrated status` shows the engines.",
        )


def _unavailable(path: str, engine: str, why: NarratedError, *, is_replaced: bool) -> NarratedError:
    if is_replaced:
        return no_longer_the_same(path, f"{why.problem} (It was spoken by {engine}.)")
    return NarratedError(
        f"{printable(path)} was spoken by {engine}, which is not available: {why.problem}",
        f"{why.remedy} Then try again; or narrate all of it with the engine that is configured: "
        f"`narrated refresh {printable(path)}`.",
    )


def _minutes(seconds: float) -> str:
    return f"{int(seconds) // 60}:{int(seconds) % 60:02}"


def _varies(request: ScheduledRequest, pool: WorkerPool) -> bool:
    return any(info.varies for info in pool.announced(request.engine) if request.matches(info))


def _request_by_speaker(plan: Plan, seqs: Iterable[int]) -> Iterator[tuple[str, ScheduledRequest]]:
    """Yield a request of each speaker of these chunks: engine and voice are the speaker's."""
    firsts = {plan.draft.chunks[seq].speaker: seq for seq in seqs}
    for speaker, seq in firsts.items():
        yield speaker, chunk_request(plan, seq, 0)

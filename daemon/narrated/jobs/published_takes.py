"""Published takes: how the chunks of a source's narration turned out when it was made."""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace

from narrated.jobs.chunk_verdicts import ChunkVerdict
from narrated.jobs.plan import Plan, PlanOutdated
from narrated.ledger.job import Job, JobCause
from narrated.ledger.job_takes import BY_EARS, BY_SOUND, NOT_CHECKED
from narrated.ledger.store import Ledger
from narrated.ledger.take_verdicts import CheckedChunk
from narrated.outbox.manifest_takes import ManifestTakes, TakeFault
from narrated.script.take_check_settings import TakeCheckSettings
from narrated.take_checks.verdict import Fault, FaultKind, Verdict


@dataclass(frozen=True, slots=True)
class PublishedTakes:
    """The takes of a source's narration."""

    outcomes: Mapping[str, ChunkVerdict | None] = field(default_factory=dict)
    """The outcome of each chunk, by the key of its take.

    None for a take that was not checked, as far as the narration knows. Verdicts on takes leave
    the ledger with the cache; what the narration knows stays.
    """
    digests: frozenset[str] = frozenset()
    """The digests of the chunks that are heard in it, whichever their takes are."""


def published_takes(ledger: Ledger, job: Job, settings: TakeCheckSettings) -> PublishedTakes:
    """Return the takes that are published of a job's source; none if their plan is not known.

    A source that moved, or a copy, has those of the same content at another path, if they were
    checked as these settings say.
    """
    published = ledger.jobs.published(job.path)
    if published is not None:
        plan = _plan(ledger, published)
        return PublishedTakes() if plan is None else _takes(ledger, published, plan)
    for alike in ledger.jobs.published_alike(job.source_sha256, 1):
        plan = _plan(ledger, alike)
        if plan is not None and plan.settings.takes == settings:
            found = _takes(ledger, alike, plan)
            checked = {key: told for key, told in found.outcomes.items() if told is not None}
            return replace(found, outcomes=checked)
    return PublishedTakes()


def _plan(ledger: Ledger, published: Job) -> Plan | None:
    kept = ledger.jobs.plan(published)
    with suppress(PlanOutdated):
        return None if kept is None else Plan.decode(kept)
    return None


def _takes(ledger: Ledger, published: Job, plan: Plan) -> PublishedTakes:
    report = ledger.job_takes.report(published.id)
    told = _reported(report) | {
        each.seq: told_chunk(each) for each in ledger.checked_chunks.of(published.id)
    }
    checks = ledger.job_takes.checks(published.id) or _checks(report, len(plan.keys))
    outcomes = {
        key: told.get(seq) or _good(report, how)
        for seq, (key, how) in enumerate(zip(plan.keys, checks, strict=False))
    }
    return PublishedTakes(outcomes, frozenset(plan.digests))


def checks_published(ledger: Ledger, job: Job, plan: Plan) -> bool:
    """True if a job, before it speaks anything, checks takes of the narration that is published.

    So does one that is there to check, one of other takes that nobody listens to, and one of
    `refresh` whose narration would stay: its doubtful takes are tried again by today's settings.
    """
    if job.cause is JobCause.RESPEAK:
        return not _is_asked_for(ledger, job, plan)
    if job.cause is not JobCause.REFRESH or not plan.settings.takes.is_on:
        return job.cause is JobCause.CHECK
    published = ledger.jobs.published(job.path)
    if published is None:
        return False
    counts = ledger.job_takes.counts(published.id)
    return published.narration == plan.narration and counts is not None and counts.doubtful > 0


def _is_asked_for(ledger: Ledger, job: Job, plan: Plan) -> bool:
    """True if a person chose a take of a plan that is not published yet."""
    asked_for = ledger.takes.chosen_by_person(job.path).intersection(plan.digests)
    settings = plan.settings.takes
    outcomes = published_takes(ledger, job, settings).outcomes if asked_for else {}
    takes = zip(plan.digests, plan.keys, strict=True)
    return any(digest in asked_for and key not in outcomes for digest, key in takes)


def told_chunk(chunk: CheckedChunk) -> ChunkVerdict:
    """The outcome of a chunk, as its job has it."""
    return ChunkVerdict(chunk.seq, chunk.spoken, chunk.verdict, chunk.is_accepted)


def _good(report: ManifestTakes | None, how: int) -> ChunkVerdict | None:
    """The outcome of a chunk of which a narration tells nothing: good, if it was checked."""
    if report is None or how == NOT_CHECKED:
        return None
    return ChunkVerdict(0, 1, Verdict(hearing=report.hearing if how == BY_EARS else ""))


def _checks(report: ManifestTakes | None, chunks: int) -> bytes:
    """The checks of chunks, of a narration that tells their number alone."""
    if report is None or report.checked < chunks:
        return bytes([NOT_CHECKED]) * chunks
    return bytes([BY_EARS if report.heard >= report.checked else BY_SOUND]) * chunks


def _reported(report: ManifestTakes | None) -> dict[int, ChunkVerdict]:
    """The chunks that a manifest tells, by number: of a ledger that was lost, it knows alone."""
    told: dict[int, ChunkVerdict] = {}
    for each in report.chunks if report else ():
        hearing = report.hearing if report and each.heard else ""
        verdict = Verdict(tuple(_faults(each.faults)), each.heard, hearing=hearing)
        told[each.chunk] = ChunkVerdict(each.chunk, each.takes, verdict, each.accepted)
    return told


def _faults(faults: Iterable[TakeFault]) -> Iterator[Fault]:
    for each in faults:
        with suppress(ValueError):  # a kind of another version
            yield Fault(FaultKind(each.kind), each.amount)

"""Published takes: how the chunks of a source's narration turned out when it was made."""

from collections.abc import Iterable, Iterator
from contextlib import suppress

from narrated.jobs.chunk_verdicts import ChunkVerdict
from narrated.jobs.plan import Plan, PlanOutdated
from narrated.ledger.store import Ledger
from narrated.ledger.take_verdicts import CheckedChunk
from narrated.outbox.manifest_takes import ManifestTakes, TakeFault
from narrated.take_checks.verdict import Fault, FaultKind, Verdict


def published_takes(ledger: Ledger, path: str) -> dict[str, ChunkVerdict | None]:
    """Return the outcomes of the chunks that are published, by the keys of their takes.

    None for a take that was not checked, as far as the narration knows. Verdicts on takes leave
    the ledger with the cache; what the narration knows stays.
    """
    published = ledger.jobs.published(path)
    kept = None if published is None else ledger.jobs.plan(published)
    if published is None or kept is None:
        return {}
    try:
        keys = Plan.decode(kept).keys
    except PlanOutdated:
        return {}
    report = ledger.job_takes.report(published.id)
    told = _reported(report) | {
        each.seq: told_chunk(each) for each in ledger.checked_chunks.of(published.id)
    }
    known = _good(report, len(keys))
    return {key: told.get(seq, known) for seq, key in enumerate(keys)}


def told_chunk(chunk: CheckedChunk) -> ChunkVerdict:
    """The outcome of a chunk, as its job has it."""
    return ChunkVerdict(chunk.seq, chunk.spoken, chunk.verdict, chunk.is_accepted)


def _good(report: ManifestTakes | None, chunks: int) -> ChunkVerdict | None:
    """The outcome of a chunk of which a narration tells nothing: good, if all were checked."""
    if report is None or report.checked < chunks:
        return None
    hearing = report.hearing if report.heard >= report.checked else ""
    return ChunkVerdict(0, 1, Verdict(hearing=hearing))


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

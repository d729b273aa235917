"""Takes of a narration for its manifest and the ledger: their checks, with places and times."""

from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import groupby

from msgspec.structs import replace

from narrated.jobs.chunk_verdicts import ChunkVerdict
from narrated.jobs.plan import Plan
from narrated.ledger.job_takes import BY_EARS, BY_SOUND, ChunkTimes
from narrated.outbox.manifest import BlockTime
from narrated.outbox.manifest_takes import (
    MOST_FAULTS,
    ChunkTakes,
    ManifestTakes,
    TakeFault,
    bounded,
    bounded_name,
    told_chunks,
)
from narrated.take_checks.fault_sentences import fault_sentence
from narrated.take_checks.verdict import RULES_VERSION, Fault, Verdict

_UNKNOWN = 0.0, 0.0


def takes_of(
    plan: Plan, verdicts: Sequence[ChunkVerdict], times: ChunkTimes
) -> ManifestTakes | None:
    """Tell the verdicts on a plan's takes; None without any. `times` are those of its chunks."""
    if not verdicts:
        return None
    told = [_told(plan, each, times) for each in verdicts if each.takes > 1 or each.verdict.faults]
    hearing = Counter(each.verdict.hearing for each in verdicts if each.verdict.hearing)
    return ManifestTakes(
        checked=len(verdicts),
        heard=hearing.total(),
        hearing=bounded_name(next((name for name, _ in hearing.most_common(1)), "")),
        rules=RULES_VERSION,
        retaken=sum(each.takes > 1 for each in told),
        doubtful=sum(each.is_doubtful for each in told),
        accepted=sum(each.accepted for each in told),
        chunks=told_chunks(told),
    )


def checks_of(plan: Plan, verdicts: Sequence[ChunkVerdict]) -> bytes:
    """Tell how each chunk of a plan was checked, as the ledger keeps it."""
    checks = bytearray(len(plan.draft.chunks))
    for each in verdicts:
        checks[each.seq] = BY_EARS if each.verdict.hearing else BY_SOUND
    return bytes(checks)


def with_earlier_takes(
    verdicts: Sequence[ChunkVerdict], before: ManifestTakes | None
) -> Sequence[ChunkVerdict]:
    """Count the takes that were spoken before a narration was checked again."""
    if before is None:
        return verdicts
    earlier = {each.chunk: each.takes for each in before.chunks}
    return [replace(each, takes=max(each.takes, earlier.get(each.seq, 1))) for each in verdicts]


def carried_takes(takes: ManifestTakes | None, plan: Plan) -> ManifestTakes | None:
    """Give the takes of a narration their places in an edited source, which has the same chunks."""
    if takes is None:
        return None
    chunks = plan.draft.chunks
    known = (each for each in takes.chunks if each.chunk < len(chunks))
    moved = tuple(replace(each, block=chunks[each.chunk].block) for each in known)
    return replace(takes, chunks=moved)


def times_of_lines(plan: Plan, blocks: Sequence[BlockTime]) -> ChunkTimes:
    """Give each chunk the times of its line, for a narration of before its chunks were timed.

    Empty if the lines are not those of the plan.
    """
    lines = [[*chunks] for _, chunks in groupby(plan.draft.chunks, lambda chunk: chunk.line)]
    if len(lines) != len(blocks):
        return []
    return [
        (block.start_s, block.end_s)
        for block, chunks in zip(blocks, lines, strict=True)
        for _ in chunks
    ]


def known_takes(plan: Plan, seq: int, verdict: Verdict | None, times: ChunkTimes) -> ChunkTakes:
    """Tell a chunk by its verdict, if it has one."""
    return _told(plan, ChunkVerdict(seq, 1, verdict or Verdict()), times)


def _told(plan: Plan, chunk: ChunkVerdict, times: ChunkTimes) -> ChunkTakes:
    start_s, end_s = times[chunk.seq] if chunk.seq < len(times) else _UNKNOWN
    said = plan.draft.chunks[chunk.seq]
    return ChunkTakes(
        chunk=chunk.seq,
        block=said.block,
        start_s=round(start_s, 3),
        end_s=round(end_s, 3),
        takes=chunk.takes,
        faults=tuple(_faults(chunk.verdict.faults)),
        accepted=chunk.accepted,
        heard=bounded(chunk.verdict.heard),
        text=bounded(said.text),
    )


def _faults(faults: Sequence[Fault]) -> Iterator[TakeFault]:
    for each in faults[:MOST_FAULTS]:
        yield TakeFault(str(each.kind), round(abs(each.amount), 3), bounded(fault_sentence(each)))

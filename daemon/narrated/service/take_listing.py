"""Lists the takes of a published narration, for `narrated takes`."""

from collections.abc import Iterator

import msgspec

from narrated.errors import NarratedError
from narrated.jobs.job_creation import JobCreator
from narrated.jobs.narration_takes import known_takes
from narrated.jobs.plan import Plan
from narrated.ledger.job import Job, JobCause
from narrated.ledger.store import Ledger
from narrated.outbox.manifest_takes import ChunkTakes, ManifestTakes
from narrated.printable import printable
from narrated.script.default_voice import ESPEAK, PICO

MOST_LISTED = 20_000
"""Bound on the chunks of an answer: those of a book of forty hours."""


MOST_NARRATIONS = 1000
"""Bound on the narrations of an answer."""


class TakeReport(msgspec.Struct, frozen=True):
    """The takes of a narration."""

    path: str
    stem: str
    """Its name in the outbox, below it."""
    takes: ManifestTakes | None
    """None if they were not checked, or if only the manifest knows: the ledger was restored."""
    is_checked_soon: bool = False
    """True if a job that checks them is under way."""
    others: tuple[ChunkTakes, ...] = ()
    """The chunks that it does not tell, if they are asked for."""
    unknown: tuple[int, ...] = ()
    """The numbers of those of them that were not checked."""
    without_others: tuple[int, ...] = ()
    """The numbers of chunks whose voice says the same words the same way every time."""


class DoubtfulNarrations(msgspec.Struct, frozen=True):
    """The narrations of a folder with doubtful takes."""

    folder: str
    """Its path in the inbox; empty for the inbox itself."""
    narrations: tuple[tuple[str, int], ...]
    """The first of them, each with the number of its doubtful takes."""


def doubtful_narrations(ledger: Ledger, folder: str) -> DoubtfulNarrations:
    """List the narrations below a folder that have doubtful takes."""
    found = ledger.job_takes.first_doubtful(MOST_NARRATIONS, folder=folder)
    return DoubtfulNarrations(folder, tuple(found))


def take_report(ledger: Ledger, jobs: JobCreator, path: str, *, lists_all: bool) -> TakeReport:
    """Report the takes of a source's narration; `lists_all`: with those that are good.

    Errors: NarratedError if it has none.
    """
    published = ledger.jobs.published(path)
    if published is None:
        raise NarratedError(
            f"{printable(path)} has no narration yet.",
            f"`narrated history {printable(path)}` tells why.",
        )
    takes = ledger.job_takes.report(published.id)
    unfinished = ledger.jobs.unfinished(path)
    is_checked_soon = any(job.cause is JobCause.CHECK and job.is_open for job in unfinished)
    plan = jobs.plan(published)
    report = TakeReport(
        path, published.stem, takes, is_checked_soon, without_others=_without_others(plan, takes)
    )
    if not lists_all:
        return report
    told = {each.chunk for each in takes.chunks} if takes else set()
    others = [
        each for each in _all_chunks(ledger, plan, published, takes) if each[0].chunk not in told
    ]
    return msgspec.structs.replace(
        report,
        others=tuple(chunk for chunk, _ in others),
        unknown=tuple(chunk.chunk for chunk, is_known in others if not is_known),
    )


def _without_others(plan: Plan | None, takes: ManifestTakes | None) -> tuple[int, ...]:
    """Return the told chunks of an embedded voice; what another engine can, itself says."""
    if plan is None or takes is None:
        return ()
    count = len(plan.draft.chunks)
    told = (each.chunk for each in takes.chunks if each.chunk < count)
    return tuple(seq for seq in told if plan.engine(seq) in (ESPEAK, PICO))


def _all_chunks(
    ledger: Ledger, plan: Plan | None, published: Job, takes: ManifestTakes | None
) -> Iterator[tuple[ChunkTakes, bool]]:
    """Yield each chunk, and True if its take was checked; none if the plan is not known."""
    if plan is None:
        return
    times = ledger.job_takes.times(published.id)
    count = min(len(plan.draft.chunks), MOST_LISTED)
    is_whole = takes is not None and takes.checked >= len(plan.draft.chunks)
    checks = ledger.job_takes.checks(published.id)
    hearing = takes.hearing if takes else ""
    for seq in range(count):
        verdict = None
        if not is_whole:
            key = plan.keys[seq]
            verdict = ledger.verdicts.get(key, hearing) or ledger.verdicts.get(key)
        is_checked = is_whole or verdict is not None or any(checks[seq : seq + 1])
        yield known_takes(plan, seq, verdict, times), is_checked

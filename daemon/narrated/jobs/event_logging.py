"""Logs the events of jobs: narrations published, kept or withdrawn."""

import logging
import shlex

from narrated.human_formatting import count_noun
from narrated.jobs.events import CarriedOver, EventDispatcher, Published, Withdrawn
from narrated.ledger.job import Job, JobCause
from narrated.logs import fields
from narrated.outbox.manifest_takes import ManifestTakes
from narrated.printable import printable

log = logging.getLogger("narrated")


class JobEventLogger:
    """A listener that writes these events to the journal."""

    def __init__(self, events: EventDispatcher) -> None:
        events.subscribe(Published, self._published)
        events.subscribe(CarriedOver, self._carried_over)
        events.subscribe(Withdrawn, self._withdrawn)

    def _published(self, event: Published) -> None:
        job = event.job
        took_s = max(0.0, job.changed_at - job.created_at)  # the clock may have been set back
        log.info(
            "%s is narrated: %.1f s of sound in %.1f s",
            printable(job.path),
            job.duration_s,
            took_s,
            extra=fields(
                file=job.path,
                job=job.id,
                engine=event.engine,
                duration_s=round(took_s, 3),
                audio_s=round(job.duration_s, 3),
                rtf=round(took_s / job.duration_s, 4) if job.duration_s else None,
            ),
        )
        _tell_doubtful(job, event.takes)

    def _carried_over(self, event: CarriedOver) -> None:
        path, about = event.job.path, fields(file=event.job.path, job=event.job.id)
        why = _WHY_KEPT.get(event.job.cause, "the words are the same")
        log.info("%s keeps its narration: %s", printable(path), why, extra=about)
        _tell_doubtful(event.job, event.takes)

    def _withdrawn(self, event: Withdrawn) -> None:
        path = printable(event.job.path)
        log.info("the narration of %s is withdrawn: %s", path, event.reason)


_WHY_KEPT = {
    JobCause.CHECK: "its takes were checked",
    JobCause.RESPEAK: "its doubtful takes were spoken again, and none is better",
}


def _tell_doubtful(job: Job, takes: ManifestTakes | None) -> None:
    """Log that some takes of a narration have faults, if so."""
    if takes is None or not takes.doubtful:
        return
    path = printable(job.path)
    log.warning(
        "%s: %d of %s %s doubtful; `narrated takes %s` tells more",
        path,
        takes.doubtful,
        count_noun(takes.checked, "take"),
        "is" if takes.doubtful == 1 else "are",
        shlex.quote(path),
        extra=fields(
            file=job.path,
            job=job.id,
            checked=takes.checked,
            doubtful=takes.doubtful,
            retaken=takes.retaken,
        ),
    )

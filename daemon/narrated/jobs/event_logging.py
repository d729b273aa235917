"""Logs the events of jobs: narrations published, kept or withdrawn."""

import logging

from narrated.jobs.events import CarriedOver, EventDispatcher, Published, Withdrawn
from narrated.logs import fields
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

    def _carried_over(self, event: CarriedOver) -> None:
        path, about = event.job.path, fields(file=event.job.path, job=event.job.id)
        log.info("%s keeps its narration: the words are the same", printable(path), extra=about)

    def _withdrawn(self, event: Withdrawn) -> None:
        path = printable(event.job.path)
        log.info("the narration of %s is withdrawn: %s", path, event.reason)

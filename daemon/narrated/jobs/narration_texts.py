"""Texts of published narrations for the page, those of before there was a page as well."""

import logging
from collections.abc import Callable

from narrated.errors import NarratedError, ParserUnavailable, StorageError
from narrated.jobs.plan import JobDefaults
from narrated.jobs.planner import Planner
from narrated.ledger.job import Job
from narrated.ledger.store import Ledger
from narrated.outbox.manifest import Manifest
from narrated.printable import printable

log = logging.getLogger("narrated")


class NarrationTexts:
    """Gives the texts of narrations; one of before is made if its source is as it was."""

    def __init__(
        self, ledger: Ledger, planner: Planner, defaults: Callable[[], JobDefaults]
    ) -> None:
        """`defaults` gives the settings in force."""
        self._ledger = ledger
        self._planner = planner
        self._defaults = defaults

    async def of(self, job: Job, narration: Manifest) -> bytes:
        """Return the encoded `KeptText` of a published job; empty if there is none.

        Errors: StorageError, ParserUnavailable.
        """
        text = self._ledger.page_texts.of(job.id)
        if text is None or not self._stand(job):
            try:
                await self._planner.keep_text(job, narration, self._defaults())
            except (StorageError, ParserUnavailable):
                raise
            except NarratedError as error:
                log.debug("%s is on the page by its sentences: %s", printable(job.path), error)
            text = self._ledger.page_texts.of(job.id)
        return text or b""

    def _stand(self, job: Job) -> bool:
        """True if the copies that a text shows are known to be in the outbox."""
        pictures = self._ledger.page_pictures
        return all(pictures.sha256(each.file) for each in self._ledger.page_texts.copies(job.id))

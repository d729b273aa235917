"""Keeps the defaults of a published source: only an edit or a refresh brings today's."""

from dataclasses import dataclass, replace
from functools import partial
from typing import NamedTuple

import msgspec

from narrated.jobs.job_creation import JobCreator
from narrated.jobs.plan import JobDefaults
from narrated.jobs.shielded_outbox_changes import ShieldedOutboxChanges
from narrated.jobs.source_moves import SourceMoves
from narrated.ledger.job import Job, JobCause
from narrated.ledger.store import Ledger
from narrated.outbox import untrusted_reads
from narrated.script.default_voice import ESPEAK, PICO


class _Defaults(NamedTuple):
    """The settings of a narration as it was planned."""

    engine: str
    narrators_rate: bool
    voices_of_languages: bool
    marked_languages: bool


_FLAGS = ("narrators_rate", "voices_of_languages", "marked_languages")


@dataclass(eq=False)
class PublishedDefault:
    """Finds the defaults that a source, or one that moved to its path, was planned with.

    An update of narrated, or the installation of pico's wheel, changes the default engine and its
    rate, or the voice of marked words. A rename, or another lexicon, would then speak the post
    again.
    """

    _ledger: Ledger
    _jobs: JobCreator
    _moves: SourceMoves
    _outbox: ShieldedOutboxChanges

    async def kept(self, job: Job, defaults: JobDefaults) -> JobDefaults:
        """Return the defaults for a plan of this job, with those that it keeps."""
        for older in await self._published(job):
            settings = await self._settings(older)
            if settings is not None:
                defaults = _as_before(defaults, settings)
        return defaults

    async def _published(self, job: Job) -> list[Job]:
        """List the published narrations of this very content: at its path, or moved from others."""
        own = self._ledger.jobs.published(job.path)
        since = own.id if own else 0
        later = [each for each in self._ledger.jobs.history(job.path) if each.id > since]
        if any(each.cause is JobCause.REFRESH for each in later):
            return []  # a refresh that another job has superseded counts as well
        if own is not None and own.source_sha256 == job.source_sha256:
            return [own]
        return await self._moves.moved_from(job)

    async def _settings(self, older: Job) -> _Defaults | None:
        """Read the settings of a narration; None if its manifest is gone."""
        if plan := self._jobs.plan(older):
            settings = plan.settings
            return _Defaults(settings.default_engine, *(getattr(settings, name) for name in _FLAGS))
        # The ledger was restored from the outbox.
        read = partial(untrusted_reads.manifest, self._outbox.folder, older.stem)
        manifest = await self._outbox.run_unguarded(read)
        if manifest is None:
            return None
        script = manifest.settings.get("script")
        known = script if isinstance(script, dict) else {}
        flags = (known.get(name) is True for name in _FLAGS)
        return _Defaults(str(known.get("default_engine", ESPEAK)), *flags)


def _as_before(defaults: JobDefaults, before: _Defaults) -> JobDefaults:
    """Take back what the narration was not planned with."""
    settings, engines = defaults.settings, defaults.engines
    if before.engine == ESPEAK:  # only espeak is kept: it is always there
        settings = msgspec.structs.replace(settings, default_engine=ESPEAK)
        settings = msgspec.structs.replace(settings, voices_of_languages=before.voices_of_languages)
    if not before.narrators_rate:
        settings = msgspec.structs.replace(settings, narrators_rate=False)
    if not before.marked_languages:
        settings = msgspec.structs.replace(settings, marked_languages=False)
        # Engines with models then spoke every language.
        of_pico = {name: codes for name, codes in engines.languages.items() if name == PICO}
        engines = msgspec.structs.replace(engines, languages=of_pico)
    return replace(defaults, settings=settings, engines=engines)

"""Keeps the defaults of a published source: only an edit or a refresh brings today's."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, NamedTuple

import msgspec
from msgspec import structs
from msgspec.structs import asdict

from narrated.jobs.job_creation import JobCreator
from narrated.jobs.plan import JobDefaults, OutputSettings
from narrated.jobs.shielded_outbox_changes import ShieldedOutboxChanges
from narrated.jobs.source_moves import SourceMoves
from narrated.ledger.job import Job, JobCause
from narrated.ledger.store import Ledger
from narrated.outbox import untrusted_reads
from narrated.script.default_voice import PICO
from narrated.script.script import ReadingSettings


class _OfBefore(NamedTuple):
    """The fields in which a narration was planned with the value of before they were there."""

    settings: frozenset[str]
    output: frozenset[str]


_SETTINGS = {
    each.name: each.default
    for each in msgspec.structs.fields(ReadingSettings)
    if each.name
    in (
        "default_engine",
        "narrators_rate",
        "steady_takes",
        "voices_of_languages",
        "marked_languages",
        "intro",
        "outro",
    )
}
"""The reading settings that narrated's defaults changed, or that were added, and their values of
before."""
_SOUNDS_OR_SENTENCES = frozenset({"intro", "outro"})


@dataclass(eq=False)
class PublishedDefault:
    """Finds the defaults that a source, or one that moved to its path, was planned with.

    An update of narrated, or the installation of pico's wheel, changes the default engine and its
    rate, the voice of marked words, or the loudness. A rename, or another lexicon, would then
    speak or encode the post again.
    """

    _ledger: Ledger
    _jobs: JobCreator
    _moves: SourceMoves
    _outbox: ShieldedOutboxChanges

    async def kept(self, job: Job, defaults: JobDefaults) -> JobDefaults:
        """Return the defaults for a plan of this job, with those that it keeps."""
        for older in await self._published(job):
            of_before = await self._of_before(older)
            if of_before is not None:
                defaults = _kept(defaults, of_before)
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

    async def _of_before(self, older: Job) -> _OfBefore | None:
        """Compare a narration's settings with those of before; None if its manifest is gone."""
        if plan := self._jobs.plan(older):
            return _compared(asdict(plan.settings), asdict(plan.output))
        # The ledger was restored from the outbox.
        read = partial(untrusted_reads.manifest, self._outbox.folder, older.stem)
        manifest = await self._outbox.run_unguarded(read)
        if manifest is None:
            return None
        return _compared(manifest.settings.get("script"), manifest.settings.get("edition"))


def _compared(settings: object, output: object) -> _OfBefore:
    of_settings = _equal(settings, _SETTINGS)
    of_output = _equal(output, OutputSettings.later_fields())
    # One that had a sentence may get a sound file instead, and the other way round.
    had = _SOUNDS_OR_SENTENCES - (of_settings & of_output)
    return _OfBefore(of_settings - had, of_output - had)


def _equal(known: object, before: Mapping[str, Any]) -> frozenset[str]:
    """Name the fields that have their values of before, or are missing; a manifest may lie."""
    found = known if isinstance(known, dict) else {}
    return frozenset(name for name, value in before.items() if found.get(name, value) == value)


def _kept(defaults: JobDefaults, of_before: _OfBefore) -> JobDefaults:
    """Take back what the narration was not planned with."""
    names, engines = of_before.settings, defaults.engines
    if "default_engine" not in names:  # only espeak is kept: it is always there
        names -= {"voices_of_languages"}
    if "marked_languages" in names:
        # Engines with models then spoke every language.
        of_pico = {name: codes for name, codes in engines.languages.items() if name == PICO}
        engines = structs.replace(engines, languages=of_pico)
    settings = structs.replace(defaults.settings, **{name: _SETTINGS[name] for name in names})
    later = OutputSettings.later_fields()
    output = structs.replace(defaults.output, **{name: later[name] for name in of_before.output})
    return replace(defaults, settings=settings, output=output, engines=engines)

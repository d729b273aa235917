"""Scripts in the outbox that wait for a person's review, and notes about their conflicts."""

import hashlib
import logging
import os
from collections.abc import Collection
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from narrated.errors import StorageError
from narrated.jobs.events import (
    CarriedOver,
    EventDispatcher,
    JobStopped,
    Moved,
    Published,
    Withdrawn,
)
from narrated.jobs.plan import Plan, PlanOutdated
from narrated.jobs.script_pairs import SCRIPT_BYTES
from narrated.jobs.shielded_outbox_changes import ShieldedOutboxChanges
from narrated.ledger.job import Job, JobReason, JobState
from narrated.ledger.store import Ledger
from narrated.os_error_remedies import storing
from narrated.outbox import notes, untrusted_reads
from narrated.outbox.open_folder import opened, split
from narrated.outbox.unique_stems import MERGE_SUFFIX, fold
from narrated.printable import line_of, printable
from narrated.script.review.script_file import SCRIPT_SUFFIX

_SETTLED = (JobState.WAITING, JobState.DONE)

log = logging.getLogger("narrated")


@dataclass(frozen=True, slots=True)
class _Wanted:
    """The texts that are to stand beside a narration; empty for none."""

    script: str = ""
    note: str = ""
    reviewed: Collection[str] = ()
    """The sha256 of the script file in the inbox: in the outbox it is no longer needed."""


@dataclass(eq=False)
class OutboxScripts:
    """Writes and removes them; the ledger tells at any time which of them are to stand.

    A script stands while its job waits for review, or after a merge with conflicts. One that
    somebody edited there is set aside, never overwritten.
    """

    _ledger: Ledger
    _outbox: ShieldedOutboxChanges
    _left: set[str] = field(default_factory=set)
    """Stems that the outbox refused, or that a kill may have left."""

    def listen(self, dispatcher: EventDispatcher) -> None:
        """Follow narrations that come and go."""
        dispatcher.subscribe(Published, lambda event: self.follow(event.job.stem))
        dispatcher.subscribe(CarriedOver, lambda event: self.follow(event.job.stem))
        dispatcher.subscribe(Withdrawn, lambda event: self.follow(event.job.stem))
        dispatcher.subscribe(Moved, lambda event: self.follow(event.older.stem))
        dispatcher.subscribe(JobStopped, lambda event: self.follow(event.job.stem))

    def begin(self) -> None:
        """Look at all of them again, as a kill may have left them."""
        self._left.update(self._ledger.review_files.all())

    async def settle_left(self) -> None:
        """Settle those that are left. Errors: StorageError."""
        for stem in sorted(self._left):
            await self.settle(stem)

    def follow(self, stem: str) -> None:
        """Settle a stem soon, once the open transaction is committed."""
        if self._ledger.review_files.may_stand(stem):
            self._ledger.afterwards(lambda: self._start(stem))

    def _start(self, stem: str) -> None:
        self._left.add(stem)
        self._outbox.start(self._settle_or_log(stem))

    async def settle(self, stem: str) -> None:
        """Write or remove the files of a stem, as the ledger has it. Errors: StorageError."""
        self._left.add(stem)
        await self._outbox.finish(self._settle(stem))

    async def _settle_or_log(self, stem: str) -> None:
        try:
            await self._settle(stem)
        except StorageError as refused:
            log_refused(stem, refused)

    async def _settle(self, stem: str) -> None:
        async with self._outbox.lock(stem):
            wanted = self._wanted(stem)
            if wanted is not None and self._ledger.review_files.may_stand(stem):
                await self._bring(stem, wanted)
            self._left.discard(stem)

    def _wanted(self, stem: str) -> _Wanted | None:
        """The files that are to stand now; None to leave them, because a job decides soon."""
        path = self._ledger.stems.owner(fold(stem))
        job = None if path is None else self._ledger.jobs.current(path)
        if job is None or job.stem != stem:
            return _Wanted()
        if job.state not in _SETTLED or (
            job.state is JobState.WAITING and job.reason is not JobReason.REVIEW
        ):
            return None
        plan = _plan(self._ledger, job)
        if plan is None:
            return _Wanted()
        draft = plan.draft
        note = _merge_note(job.path, stem, draft.script_conflicts) if draft.script_conflicts else ""
        is_asked = job.state is JobState.WAITING or bool(note)
        return _Wanted(draft.script_file if is_asked else "", note, plan.script.values())

    async def _bring(self, stem: str, wanted: _Wanted) -> None:
        files, outbox = self._ledger.review_files, self._outbox.folder
        script, before = wanted.script.encode("utf-8", "replace"), files.written(stem)
        after = hashlib.sha256(script).hexdigest() if script else ""
        if script:  # first: after a kill in between, the file still counts as ours
            files.record_written(stem, f"{before} {after}".strip())
        ours = {*before.split(), after, *wanted.reviewed}

        def write() -> None:
            _bring_script(outbox, stem, script, ours)
            _bring_note(outbox, stem, wanted.note)

        await self._outbox.run(write)
        if script or wanted.note:
            files.record_written(stem, after)
        else:
            files.forget(stem)


def log_refused(stem: str, refused: StorageError) -> None:
    """Log that a script could not be written or removed; it is tried again."""
    log.warning("the script of %s stays as it is: %s", printable(stem), refused)


def _plan(ledger: Ledger, job: Job) -> Plan | None:
    kept = ledger.jobs.plan(job)
    with suppress(PlanOutdated):
        return None if kept is None else Plan.decode(kept)
    return None


def _bring_script(outbox: Path, stem: str, script: bytes, ours: Collection[str]) -> None:
    """Write or remove a script; one that somebody edited there is set aside, or stays."""
    name = stem + SCRIPT_SUFFIX
    standing = untrusted_reads.note(outbox, name, SCRIPT_BYTES)
    digest = "" if standing is None else hashlib.sha256(standing).hexdigest()
    if script and standing != script:
        if standing is not None and digest not in ours:
            _set_aside(outbox, name, digest)
        notes.write_note(outbox, name, script.decode())
    elif not script and standing is not None and digest in ours:
        notes.remove_note(outbox, name)


def _set_aside(outbox: Path, name: str, digest: str) -> None:
    """Rename an edited script: `post.script.md` to `post.edited-1a2b3c4d.script.md`."""
    folder_name, last = split(name)
    kept = f"{last.removesuffix(SCRIPT_SUFFIX)}.edited-{digest[:8]}{SCRIPT_SUFFIX}"
    with (
        storing(str(outbox / name)),
        suppress(FileNotFoundError),
        opened(outbox, folder_name) as folder,
    ):
        os.rename(last, kept, src_dir_fd=folder, dst_dir_fd=folder)
    log.warning("%s in the outbox was edited there: it is kept as %s", printable(name), kept)


def _bring_note(outbox: Path, stem: str, note: str) -> None:
    name = stem + MERGE_SUFFIX
    standing = untrusted_reads.note(outbox, name)
    if note and standing != note.encode():
        notes.write_note(outbox, name, note)
    elif not note and standing is not None:
        notes.remove_note(outbox, name)


def _merge_note(path: str, stem: str, conflicts: tuple[str, ...]) -> str:
    """Return the text of `post.merge.txt`: each conflict with its line and both versions."""
    script = printable((stem + SCRIPT_SUFFIX).rpartition("/")[2])
    return "\n".join(
        [
            f"{printable(path)} is said as its script file has it, but please look at this:",
            "",
            *map(line_of, conflicts),
            "",
            f"What to do: {script} beside this note has your script as it is said now.",
            "Look at it, and save it over the one in the inbox.",
            "This note goes away then.",
            "",
        ]
    )

"""Assigns each source its name in the outbox, by the rules of its file system and the user."""

import logging
import os
from collections.abc import Callable, Collection
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Literal

from narrated.errors import NameRefused
from narrated.jobs.error_notes import ErrorNotes
from narrated.jobs.shielded_outbox_changes import ShieldedOutboxChanges
from narrated.ledger.job import Job
from narrated.ledger.store import Ledger
from narrated.logs import fields
from narrated.outbox import unique_stems
from narrated.outbox.manifest import MANIFEST_SUFFIX
from narrated.outbox.name_probe import NameProbe, check_stem
from narrated.outbox.portable_names import PLAIN_NAME_BYTES, NameRules
from narrated.printable import printable

OutboxNames = Literal["auto", "posix", "portable", "ascii"]
"""The rules for names of new narrations; `auto` is portable if the file system asks for it."""

log = logging.getLogger("narrated")


@dataclass(eq=False)
class StemAssignment:
    """Gives a source its stem once, and another only if it must have another.

    A narration stays where it is until its source gets a new job. That job's stem changes if the
    user's rules do not allow it any more, or if the file system refuses it.
    """

    _ledger: Ledger
    _notes: ErrorNotes
    _outbox: ShieldedOutboxChanges
    _probe: NameProbe
    names: OutboxNames
    _refused: set[str] = field(default_factory=set)
    """Stems that were refused, and had no other to take their place."""

    @property
    def rules(self) -> NameRules:
        """The rules for a new name."""
        found = self._probe.rules
        is_asked = self.names == "auto" and found.portable
        is_plain = self.names == "ascii"
        portable = is_asked or is_plain or self.names == "portable"
        return replace(found, portable=portable, is_plain=is_plain)

    def assign(self, path: str, moved: Collection[str] = ()) -> str:
        """Return the stem for a new job of a source.

        `moved`: those `possible_origins` whose source is no longer there.
        """
        present = self._ledger.stems.of_source(path)
        if present and self._may_stay(path, present):
            return present
        stem = self._free(path, self.rules, moved)
        self._change(path, present, stem)
        return stem

    def possible_origins(self, path: str, sha256: str) -> list[str]:
        """Return the sources from which a new path may have moved, and whose name it then keeps.

        Each owns a name that the path would get, and its narration has this content.
        """
        origins: list[str] = []

        def is_taken(folded: str) -> bool:
            owner = self._ledger.stems.owner(folded)
            if owner is not None and self._ledger.jobs.is_published_alike(owner, sha256):
                origins.append(owner)
            return owner is not None

        if not self._ledger.stems.of_source(path):
            unique_stems.stem(path, is_taken, self.rules)
        return origins

    def follow_slug(self, job: Job, slug: str, moved: Collection[str]) -> Job:
        """Return a job under the name that its post asks for, if names are ASCII and it is free.

        A narration keeps the name that it has. `moved`: paths from which the source moved here.
        """
        if self.names != "ascii" or not slug or self._ledger.jobs.published(job.path):
            return job
        folder = job.path.rpartition("/")[0]
        asked = f"{folder}/{slug}.md" if folder else f"{slug}.md"
        stem = unique_stems.preferred(asked, self.rules) if unique_stems.is_inside(asked) else None
        is_taken = self._taken_by_others({job.path, *moved})
        if stem is None or stem == job.stem or is_taken(unique_stems.fold(stem)):
            return job
        with self._ledger.transaction():
            self._change(job.path, job.stem, stem)
            return self._ledger.jobs.assign_stem(job, stem)

    def replace_refused(self, job: Job, refused: NameRefused) -> Job:
        """Return a job under another name, since the file system refuses the one it has.

        Errors: NameRefused with the remedy, if there is no other.
        """
        stems = [self._free(job.path, rules) for rules in self._stricter(refused)]
        tried = stems.index(job.stem) + 1 if job.stem in stems else 0
        stem = next((each for each in stems[tried:] if each != job.stem), None)
        if stem is None:
            self._refused.add(job.stem)
            raise self._explained(refused)
        about = fields(file=job.path, job=job.id)
        renamed = (printable(job.path), printable(stem), refused.problem)
        log.info("%s becomes %s in the outbox: %s", *renamed, extra=about)
        with self._ledger.transaction():
            self._change(job.path, job.stem, stem)
            return self._ledger.jobs.assign_stem(job, stem)

    def has_room(self, stem: str, suffix: str) -> bool:
        """True if a file with one of LONG_SUFFIXES may stand beside a narration.

        Its name must not be too long, nor that of the manifest of another narration, from before
        there were such files.
        """
        name = (stem + suffix).rpartition("/")[2]
        owned = unique_stems.fold((stem + suffix).removesuffix(MANIFEST_SUFFIX))
        fits = len(os.fsencode(name)) <= self.rules.longest_bytes
        return fits and self._ledger.stems.owner(owned) is None

    async def check(self, job: Job) -> None:
        """Check that the outbox takes a job's name, if that is in doubt.

        So nothing is spoken and encoded for a name that no file can have. Errors: NameRefused with
        the remedy; StorageError.
        """
        rules = self._probe.rules
        is_kept = self.names == "posix" and rules.portable
        is_doubtful = is_kept and not unique_stems.suits(job.stem, rules)
        if not (is_doubtful or job.stem in self._refused):
            return
        try:
            await self._outbox.run(partial(check_stem, self._outbox.folder, job.stem))
        except NameRefused as refused:
            raise self._explained(refused) from refused

    def _may_stay(self, path: str, stem: str) -> bool:
        """True if a source keeps its stem with its next job.

        A file system that holds a narration under a name takes that name, whatever the probe says.
        """
        if self.names == "posix":
            portable = replace(self.rules, portable=True)
            is_ours = unique_stems.follows(path, stem, portable)
            return not is_ours or unique_stems.follows(path, stem, self.rules)
        if unique_stems.suits(stem, self.rules):
            return True
        published = self._ledger.jobs.published(path)
        is_given = published is not None and published.stem == stem
        return is_given and self.names in ("auto", "ascii")

    def _stricter(self, refused: NameRefused) -> list[NameRules]:
        """Rules to fall back on, in their order."""
        short = replace(self.rules, longest_bytes=PLAIN_NAME_BYTES)
        if self.names == "posix":
            return [short] if refused.is_too_long else []
        portable = replace(self.rules, portable=True)
        return [portable, replace(short, portable=True, ascii_only=True)]

    def _explained(self, refused: NameRefused) -> NameRefused:
        if self.names != "posix" or refused.is_too_long:
            return refused
        remedy = (
            "Take `outbox_names: posix` out of the configuration, and run `narrated reload` and "
            "`narrated retry FILE`; or give the source, or its folder, a plainer name."
        )
        return NameRefused(refused.problem, remedy)

    def _free(self, path: str, rules: NameRules, moved: Collection[str] = ()) -> str:
        """The first stem by some rules that no other source has, unless that source moved here."""
        return unique_stems.stem(path, self._taken_by_others({path, *moved}), rules)

    def _taken_by_others(self, sources: Collection[str]) -> Callable[[str], bool]:
        def is_taken(folded: str) -> bool:
            owner = self._ledger.stems.owner(folded)
            return owner is not None and owner not in sources

        return is_taken

    def _change(self, path: str, present: str | None, stem: str) -> None:
        folded = unique_stems.fold(stem)
        with self._ledger.transaction():
            if owner := self._ledger.stems.owner(folded):
                self._ledger.stems.release(owner)  # the source moved here and keeps its name
            if present and present != stem:
                self._ledger.stems.release(path)
                self._notes.remove_at_soon(present, path)
            self._ledger.stems.assign(path, stem, folded)

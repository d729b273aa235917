"""Script files for the planner: that of a post, as its bytes are now."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any

from narrated.errors import (
    NarratedError,
    SourceAbsent,
    SourceTooLarge,
    SourceUnreadable,
    StorageError,
)
from narrated.inbox.async_reads import AsyncInboxReader
from narrated.jobs.script_pairs import (
    SCRIPT_BYTES,
    ScriptPairs,
    is_script_name,
    possible_posts,
    scripts_beside,
)
from narrated.ledger.job import Job
from narrated.ledger.store import Ledger
from narrated.outbox.unique_stems import fold
from narrated.script.review.script_file import BEGINNING_BYTES, SCRIPT_SUFFIX, is_script_file


@dataclass(frozen=True, slots=True)
class ScriptFile:
    """A script file of the inbox, as it was read."""

    path: str
    content: bytes

    @property
    def recorded(self) -> Mapping[str, str]:
        """Its path and sha256, as a plan keeps them."""
        return {self.path: sha256(self.content).hexdigest()}


@dataclass(eq=False)
class PlannedScripts:
    """Reads the script file of a post: one that the ledger knows, or what lies beside it."""

    _inbox: AsyncInboxReader
    _ledger: Ledger
    _pairs: ScriptPairs
    _listed: dict[str, Mapping[str, list[str]]] = field(default_factory=dict)
    """The names in each folder that a command asked for, by themselves as stems are folded."""

    async def of_job(self, job: Job) -> ScriptFile | None:
        """Read the script file of a job's post; None if it has none.

        Errors: SourceAbsent, if it is absent and the scanner does not report it gone; as `read`.
        """
        while path := self._pairs.script_of(job.path, job.stem):
            try:
                return ScriptFile(path, await self._content(path))
            except SourceAbsent:
                if self._ledger.scripts.is_known(path):
                    raise
        return None

    async def beside(self, post: str) -> ScriptFile | None:
        """Read the script file that lies beside a post, ingested or not; None if there is none."""
        if is_script_name(post):
            return None
        for path in [each for name in scripts_beside(post) for each in await self._alike(name)]:
            if await self._is_script(path):
                return ScriptFile(path, await self._content(path))
        return None

    async def is_paired(self, path: str) -> bool:
        """True if a file is the script of a post beside it, ingested or not."""
        if not is_script_name(path):
            return False
        posts = [each for name in possible_posts(path) for each in await self._alike(name)]
        return bool(await self._inbox.existing(posts)) and await self._is_script(path)

    async def _is_script(self, path: str) -> bool:
        try:
            return is_script_file(await self._inbox.beginning(path, BEGINNING_BYTES))
        except (StorageError, SourceUnreadable):
            raise
        except NarratedError:  # absent, or no regular file
            return False

    async def _content(self, path: str) -> bytes:
        try:
            return await self._inbox.read(path, SCRIPT_BYTES)
        except SourceTooLarge as error:
            remedy = "Shorten it, or remove it to hear the post as it is."
            raise SourceTooLarge(error.problem, remedy) from error

    async def _alike(self, path: str) -> list[str]:
        """Return the files with a name, or one that a laptop cannot tell from it, that one first.

        A folder is listed once: a command looks at the inbox as it is at its beginning.
        """
        folder, slash, name = path.rpartition("/")
        if folder not in self._listed:
            listed: dict[str, list[str]] = {}
            for each in await self._inbox.names(folder):
                listed.setdefault(fold(each), []).append(each)
            self._listed[folder] = listed
        found = self._listed[folder].get(fold(name), [])
        return [folder + slash + each for each in sorted(found, key=lambda one: one != name)]

    def request(
        self, post: str, script: ScriptFile | None, is_wanted: bool, stem: str
    ) -> dict[str, Any]:
        """Word the part of a request for a draft that is about its review.

        `stem`: the post's name in the outbox; empty if it has none.
        """
        saved_as = f"{stem.rpartition('/')[2]}{SCRIPT_SUFFIX}" if stem else ""
        asked = {"is_wanted": is_wanted, "post": post.rpartition("/")[2], "saved_as": saved_as}
        if script is None:
            return asked
        return asked | {"path": script.path, "content": script.content.decode("latin-1")}

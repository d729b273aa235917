"""Words of script files: their `pronounce:` lines go into the lexicon of the post's folder."""

import logging
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from narrated.disk_threads import TRANSFER_S
from narrated.errors import NarratedError, SourceAbsent, StorageError
from narrated.inbox.async_reads import AsyncInboxReader
from narrated.inbox.name_rules import LEXICON
from narrated.jobs.plan import Plan
from narrated.jobs.settings_and_lexicons import LEXICON_BYTES
from narrated.ledger.job import Job
from narrated.ledger.store import Ledger
from narrated.logs import fields
from narrated.os_error_remedies import storing
from narrated.outbox.open_folder import DraftFile, opened
from narrated.printable import printable
from narrated.workers.parser_pool import ParserPool

log = logging.getLogger("narrated")


@dataclass(eq=False)
class ScriptWords:
    """Enters them once for each version of a script file, which is the user's request to do so.

    The post itself is said with them anyway, so a lexicon that cannot be written is only told.
    """

    _ledger: Ledger
    _inbox: AsyncInboxReader
    _parsers: ParserPool

    async def enter(self, job: Job, plan: Plan) -> None:
        """Enter the words of a plan's script file, unless they are entered already."""
        words = plan.draft.pronounced
        for script, sha256 in plan.script.items():
            if words and self._ledger.scripts.entered(script) != sha256:
                await self._enter(job, script, dict(words))
                self._ledger.scripts.record_entered(script, sha256)

    async def _enter(self, job: Job, script: str, words: dict[str, str]) -> None:
        folder, slash, _ = script.rpartition("/")
        lexicon = folder + slash + LEXICON
        about = fields(file=job.path, job=job.id)
        try:
            before = await self._read(lexicon)
            header = {"do": "lexicon_entries", "name": printable(lexicon), "words": words}
            after = await self._parsers.ask(header, before, lexicon, job.id)
            if after != before:
                write = partial(_write, self._inbox.root, folder, LEXICON, before, after)
                await self._inbox.disk.run(write, patience_s=TRANSFER_S)
                told = "%s says in %s how to say: %s"
                named = ", ".join(map(printable, words))
                log.info(told, printable(script), printable(lexicon), named, extra=about)
        except NarratedError as error:
            told = "the words of %s are said in its post alone, and not entered into %s: %s"
            log.warning(told, printable(script), printable(lexicon), error, extra=about)

    async def _read(self, lexicon: str) -> bytes:
        try:
            return await self._inbox.read(lexicon, LEXICON_BYTES)
        except SourceAbsent:
            return b""


def _write(inbox: Path, folder_name: str, name: str, before: bytes, after: bytes) -> None:
    """Write a lexicon atomically, unless it has changed since. Errors: StorageError."""
    where = inbox / folder_name / name
    with storing(str(where)), opened(inbox, folder_name) as folder, DraftFile(folder) as draft:
        draft.write(after)
        draft.settle()
        if (where.read_bytes() if where.is_file() else b"") != before:
            raise StorageError(
                f"{printable(str(where))} has just changed.", "Save the script again."
            )
        draft.place(name)

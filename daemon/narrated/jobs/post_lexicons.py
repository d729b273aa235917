"""Reads the lexicons of a plan: a hearing model may not know how their words sound."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from narrated.disk_threads import DiskThreads
from narrated.errors import NarratedError
from narrated.inbox.async_reads import AsyncInboxReader
from narrated.inbox.name_rules import LEXICON
from narrated.jobs.plan import Plan
from narrated.jobs.settings_and_lexicons import LEXICON_BYTES


@dataclass(eq=False)
class PostLexicons:
    """Lexicons as they are now. One that cannot be read is left out: ears are only stricter."""

    _inbox: AsyncInboxReader
    _disk: DiskThreads
    _configured: Callable[[], Path | None]
    """Returns the file of the configured lexicon; None if there is none."""

    async def texts(self, plan: Plan) -> tuple[str, ...]:
        """Return the texts of a plan's lexicons; a later one overrides an earlier one."""
        found = [await self._configured_text()]
        for path, sha256 in plan.consulted.items():
            if sha256 and path.lower().endswith(LEXICON):
                found.append(await self._text(path))
        return tuple(filter(None, found))

    async def _configured_text(self) -> str:
        lexicon = self._configured()
        return "" if lexicon is None else await self._disk.run(_read, lexicon)

    async def _text(self, path: str) -> str:
        try:
            content = await self._inbox.read(path, LEXICON_BYTES)
        except NarratedError:
            return ""
        return content.decode(errors="replace").removeprefix("\ufeff")


def _read(lexicon: Path) -> str:
    try:
        return lexicon.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        return ""

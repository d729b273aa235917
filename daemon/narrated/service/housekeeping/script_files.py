"""Follows script files: the scripts in the outbox, and those in the inbox that have a post now."""

from dataclasses import dataclass

from narrated.jobs.outbox_scripts import OutboxScripts
from narrated.jobs.post_scripts import PostScripts
from narrated.service.housekeeping.duty import Duty


@dataclass(eq=False)
class ScriptFiles(Duty):
    """Does what the outbox refused, or a kill kept from being done."""

    _outbox: OutboxScripts
    _inbox: PostScripts

    async def turn(self) -> None:
        """Settle scripts that are left; withdraw what a script alone said. Errors: StorageError."""
        await self._outbox.settle_left()
        await self._inbox.withdraw_narrated_alone()

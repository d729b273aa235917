"""Reloads the configuration, on SIGHUP or by `narrated reload`."""

import asyncio
import logging
import time
from dataclasses import dataclass, field

from narrated.config import file as configuration
from narrated.config.values import Config
from narrated.daemon_commands import RESTART
from narrated.errors import ConfigurationError, StorageError
from narrated.jobs.ingest import Ingest
from narrated.jobs.plan import OutputSettings
from narrated.ledger.job import JobReason
from narrated.service.app import App
from narrated.service.housekeeping.job_resumption import JobResumption
from narrated.service.inbox_feed import InboxFeed
from narrated.service.job_queue import JobQueue

FIXED = ("inbox", "outbox", "state", "cache")  # a running daemon cannot change them
OF_INBOX = ("settle", "scan", "ignore")  # a change needs a fresh inbox
OF_START = ("encoders", "reading")  # keys of `workers` that are read at the start alone

log = logging.getLogger("narrated")


@dataclass(eq=False)
class ConfigReload:
    """Applies a changed configuration file to the running parts."""

    _app: App
    _ingest: Ingest
    _feed: InboxFeed
    _waiting: JobResumption
    _job_queue: JobQueue
    _turn: asyncio.Lock = field(default_factory=asyncio.Lock)
    refusal: str = ""
    """Why the file is not in force; empty if it is."""

    async def reload(self) -> None:
        """Read the file and apply it. Errors: ConfigurationError, and nothing has changed.

        One reload follows another: each replaces the inbox of the one before.
        """
        async with self._turn:
            try:
                await self._reload()
            except ConfigurationError as error:
                self.refusal = f"The configuration is refused, and the old one kept: {error}"
                log.error("%s", self.refusal)
                raise
            self.refusal = ""

    async def _reload(self) -> None:
        earlier = self._app.config
        config = await self._app.state_disk.run(_read_again, earlier)
        await self._app.overlaps.look(config)
        await self._check_sound_files(config)
        await self._app.apply(config)
        log.info("the configuration is reloaded; it applies to new versions of files")
        try:
            await self._follow(earlier, config)
            await self._waiting.resume(JobReason.ENGINE)
        except StorageError as error:
            log.warning("%s Reload again when it can be read.", error)

    async def _check_sound_files(self, config: Config) -> None:
        try:
            await self._app.sound_files.check(OutputSettings.of(config.audio).sounds)
        except StorageError as error:
            raise ConfigurationError(error.problem, error.remedy) from error

    async def _follow(self, earlier: Config, config: Config) -> None:
        """Rebuild the parts that changed keys concern. Errors: StorageError."""
        log.setLevel(config.log.upper())
        if earlier.reading.drafts != config.reading.drafts == "narrate":
            self._app.requeues.begin_held()
        if earlier.order != config.order:
            await self._job_queue.reverse()
        if any(getattr(earlier, key) != getattr(config, key) for key in OF_INBOX):
            await self._feed.replace(config, self._ingest.status.begin_again)
        for key in OF_START:
            if getattr(earlier.workers, key) != getattr(config.workers, key):
                log.warning("`workers.%s` changed; it applies from the next start", key)


def _read_again(earlier: Config) -> Config:
    source = earlier.source
    if source is None:
        problem = "There is no configuration file to read again."
        raise ConfigurationError(problem, "Restart with one: `narrated --config FILE run`.")
    config = configuration.load(source)
    time.tzset()  # `hours` are local time, and the machine may have another zone by now
    for key in FIXED:
        if getattr(config, key) != getattr(earlier, key):
            raise ConfigurationError(
                f"{source}: `{key}` changed, and a running daemon cannot follow.",
                f"Restart it: {RESTART}.",
            )
    return config

"""Reloads the configuration on SIGHUP."""

import logging

from narrated.config import file as configuration
from narrated.config.values import Config
from narrated.errors import ConfigurationError
from narrated.jobs.ingest import Ingest
from narrated.service.app import App
from narrated.service.deferred import DeferredOperations
from narrated.service.inbox_feed import InboxFeed
from narrated.service.job_resumption import JobResumption

FIXED = ("inbox", "outbox", "state", "cache")
"""Keys that a running daemon cannot change."""
OF_INBOX = ("settle", "scan", "ignore")
"""Keys that a change of needs a fresh inbox."""
OF_START = ("encoders", "reading")
"""Keys of `workers` that are read at the start alone."""

log = logging.getLogger("narrated")


class ConfigReload:
    """Applies a changed configuration file to the running parts."""

    def __init__(
        self,
        app: App,
        ingest: Ingest,
        feed: InboxFeed,
        waiting: JobResumption,
        deferred: DeferredOperations,
    ) -> None:
        self._app = app
        self._ingest = ingest
        self._feed = feed
        self._waiting = waiting
        self._deferred = deferred

    async def reload(self) -> None:
        """Read the file and apply it. Errors: ConfigurationError, and nothing has changed."""
        earlier = self._app.config
        config = _read_again(earlier)
        await self._app.apply(config)
        log.info("the configuration is reloaded; it applies to new versions of files")
        self._deferred.run(lambda: self._follow(earlier, config))

    def _follow(self, earlier: Config, config: Config) -> None:
        """Rebuild the parts that changed keys concern. Errors: StorageError."""
        logging.getLogger("narrated").setLevel(config.log.upper())
        if any(getattr(earlier, key) != getattr(config, key) for key in OF_INBOX):
            self._ingest.status.conflicts.clear()
            self._feed.restart(config)
        for key in OF_START:
            if getattr(earlier.workers, key) != getattr(config.workers, key):
                log.warning("`workers.%s` changed; it applies from the next start", key)
        self._waiting.resume("engine")


def _read_again(earlier: Config) -> Config:
    source = earlier.source
    if source is None:
        raise ConfigurationError("There is no configuration file to read again.")
    config = configuration.load(source)
    for key in FIXED:
        if getattr(config, key) != getattr(earlier, key):
            raise ConfigurationError(
                f"{source}: `{key}` changed, and a running daemon cannot follow.",
                "Restart it: `systemctl restart narrated`.",
            )
    return config

"""Removes what is past from the ledger, which would grow for ever otherwise."""

import time
from collections.abc import Callable

from narrated.config.values import Config
from narrated.ledger.store import Ledger

FORGET_S = 60.0
"""Shortest pause between two searches of the whole ledger."""


class RetentionPruner:
    """Prunes the ledger once in `withdraw_after`, and at most once a minute."""

    def __init__(self, config: Callable[[], Config], ledger: Ledger) -> None:
        """`config` returns the configuration in force."""
        self._config = config
        self._ledger = ledger
        self._is_first = True

    @property
    def retry_s(self) -> float:
        """The pause after an error, as after a success."""
        return max(float(self._config().withdraw_after), FORGET_S)

    async def turn(self) -> float:
        """Prune, except at the start. Errors: StorageError."""
        if self._is_first:
            self._is_first = False
            return FORGET_S
        self._ledger.retention.prune(time.time(), float(self._config().withdraw_after))
        return self.retry_s

"""Withdraws narrations whose source was deleted."""

from collections.abc import Callable

from narrated.config.values import Config
from narrated.jobs.ingest import Ingest
from narrated.jobs.withdrawal import Withdrawal
from narrated.service.clock_adjustment import ClockAdjustment

REFUSED_S = 60.0
"""Pause after a withdrawal that the storage refused."""


class DueWithdrawals:
    """Withdraws a narration once its source has been gone for `withdraw_after`."""

    def __init__(
        self,
        config: Callable[[], Config],
        ingest: Ingest,
        withdrawal: Withdrawal,
        clock: ClockAdjustment,
    ) -> None:
        """`config` returns the configuration in force."""
        self._config = config
        self._ingest = ingest
        self._withdrawal = withdrawal
        self._clock = clock
        self.retry_s: float | None = None

    async def turn(self) -> None:
        """Withdraw all that are due. Errors: StorageError."""
        self.retry_s = None
        config = self._config()
        if config.removed != "withdraw":
            return
        self._clock.check()  # ages must not count the seconds by which a clock was just set
        for job in self._ingest.withdraw_due(float(config.withdraw_after)):
            self.retry_s = REFUSED_S
            await self._withdrawal.withdraw(job)
            self.retry_s = None

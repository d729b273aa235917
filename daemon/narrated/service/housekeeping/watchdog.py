"""Feeds systemd's watchdog."""

from collections.abc import Callable

from narrated.service.housekeeping import duty
from narrated.systemd_notify import ServiceNotifier


class Watchdog:
    """Tells systemd that the daemon is alive while its loop and the inbox's thread move.

    It touches no disk: a disk that hangs does not mean that the daemon does.
    """

    retry_s = None

    def __init__(self, notifier: ServiceNotifier, is_alive: Callable[[], bool]) -> None:
        self._notifier = notifier
        self._is_alive = is_alive

    async def turn(self) -> float:
        """Feed the watchdog if the daemon is alive."""
        if self._is_alive():
            self._notifier.alive()
        limit_s = self._notifier.watchdog_s
        return min(duty.TURN_S, limit_s / 3) if limit_s else duty.TURN_S

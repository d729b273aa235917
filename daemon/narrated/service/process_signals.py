"""The signals that stop the daemon or reload its configuration, and the steps that a stop cuts."""

import asyncio
import signal
from collections.abc import Callable, Coroutine
from typing import Any

from narrated.systemd_notify import ServiceNotifier

START_EXTENSION_S = 60.0
"""The time that systemd is asked for while a start takes long."""
EXTEND_S = 20.0
STOPS = (signal.SIGTERM, signal.SIGINT)


class ProcessSignals:
    """SIGTERM and SIGINT set `stop`; SIGHUP calls `reload`. To be made in the event loop."""

    def __init__(self, stop: asyncio.Event, reload: Callable[[], None]) -> None:
        self._stop = stop
        loop = asyncio.get_running_loop()
        for number in STOPS:
            loop.add_signal_handler(number, stop.set)
        loop.add_signal_handler(signal.SIGHUP, reload)

    async def finishes(self, step: Coroutine[Any, Any, object], notifier: ServiceNotifier) -> bool:
        """Run a long step; a stop cuts it, as a kill may. True if it was finished.

        systemd is asked for more time as long as it takes. Errors: whatever the step raises.
        """
        stopping, task = asyncio.create_task(self._stop.wait()), asyncio.create_task(step)
        tasks = {stopping, task}
        try:
            while not (stopping.done() or task.done()):
                notifier.extend(START_EXTENSION_S)
                await asyncio.wait(tasks, timeout=EXTEND_S, return_when=asyncio.FIRST_COMPLETED)
        finally:
            stopping.cancel()
            task.cancel()
        await asyncio.wait(tasks)
        if task.cancelled():
            return False
        task.result()  # raises what the step raised
        return True

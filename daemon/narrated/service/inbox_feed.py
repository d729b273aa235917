"""Brings the inbox's events from its thread into the daemon's loop."""

import asyncio
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress

from narrated.config.values import Config
from narrated.errors import StorageError
from narrated.inbox.events import Event
from narrated.inbox.inbox import Inbox
from narrated.ledger.store import Ledger
from narrated.service.deferred import DeferredOperations

EVENTS_AT_ONCE = 50
"""Bound on the events that wait for the loop: a flood of files costs no memory, and holds the
loop up for milliseconds only."""
PULSE_S = 30.0
"""An inbox whose thread has not moved for so long is not alive."""


class InboxFeed:
    """Runs the inbox in a thread, and `handle` in the loop, one event after another.

    Events that the ledger refuses keep their place, and later ones wait behind them.
    """

    def __init__(
        self, ledger: Ledger, deferred: DeferredOperations, handle: Callable[[Event], None]
    ) -> None:
        self._ledger = ledger
        self._deferred = deferred
        self._handle = handle
        self._room = threading.BoundedSemaphore(EVENTS_AT_ONCE)
        self._closed = threading.Event()

    def open(self, config: Config) -> None:
        """Build the inbox of a configuration; `start` or `scan_once` runs it."""
        self.inbox = Inbox(
            config.inbox,
            self._ledger.sources.known(),
            settle_s=float(config.settle),
            scan_s=float(config.scan),
            ignore=config.ignore,
        )

    def start(self) -> None:
        """Report what happens in the inbox until `close`."""
        self._listen(self.inbox.events())

    def restart(self, config: Config) -> None:
        """Watch the inbox by a changed configuration."""
        self.inbox.stop()
        self.open(config)
        self.start()

    def scan_once(self) -> asyncio.Future[None]:
        """Report what the inbox holds now; the future is done after the last event."""
        return self._listen(self.inbox.once())

    def look(self, path: str) -> None:
        """Have a path reported again, as if it were new."""
        self.inbox.look(path)

    def close(self) -> None:
        """End the thread soon."""
        self._closed.set()
        self.inbox.stop()

    @property
    def is_alive(self) -> bool:
        """True while the inbox's thread moves, or waits for the ledger with its events."""
        return bool(self._deferred.problem) or time.monotonic() - self.inbox.pulse < PULSE_S

    def _listen(self, events: Iterator[Event]) -> asyncio.Future[None]:
        loop = asyncio.get_running_loop()
        finished: asyncio.Future[None] = loop.create_future()

        def forward() -> None:
            for event in events:
                while not self._room.acquire(timeout=0.2):
                    if self._closed.is_set():
                        return
                loop.call_soon_threadsafe(self._deferred.run, lambda event=event: self._act(event))
            loop.call_soon_threadsafe(finished.set_result, None)

        def forward_while_the_loop_runs() -> None:
            with suppress(RuntimeError):  # the loop was closed
                forward()

        threading.Thread(target=forward_while_the_loop_runs, name="inbox", daemon=True).start()
        return finished

    def _act(self, event: Event) -> None:
        try:
            self._handle(event)
        except StorageError:
            raise  # the event is tried again, and keeps its room
        except BaseException:
            self._room.release()
            raise
        self._room.release()

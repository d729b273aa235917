"""Brings the inbox's events from its thread into the daemon's loop."""

import asyncio
import threading
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import suppress
from functools import partial

from narrated.config.values import Config
from narrated.disk_threads import ANSWER_S, no_answer
from narrated.errors import StorageError
from narrated.inbox.events import Event
from narrated.inbox.inbox import Inbox
from narrated.ledger.job import JobReason
from narrated.ledger.store import Ledger
from narrated.service.ledger_retries import DeferredOperations

EVENTS_AT_ONCE = 50
"""Bound on the events that wait for the loop: a flood of files costs no memory."""
REOPEN_S = 2.5
"""Pause before the ledger is asked again for what it knows."""
PULSE_S = 30.0
"""An inbox whose thread has not moved for so long, and does not wait, is not alive."""
MOST_CPU_S = 1.0
"""The processor time of a thread that waits: a silent one that uses more goes round."""

_CPU_CLOCK_OF_THREAD = 0b110
"""In the kernel's number of a clock, beside a thread's own (include/linux/posix-timers.h)."""

Read = Callable[[Callable[[Ledger], Inbox]], Awaitable[Inbox]]
Rest = Callable[[], Awaitable[None]]
Handler = Callable[[Event], Awaitable[Callable[[], None]]]
"""Looks at the inbox as far as an event asks for it; its result applies the event to the ledger."""


class InboxFeed:
    """Runs the inbox in a thread, and `handle` in the loop, one event after another.

    Events that the ledger refuses keep their place, and later ones wait behind them.
    """

    def __init__(
        self, read: Read, deferred: DeferredOperations, handle: Handler, rest: Rest
    ) -> None:
        """`read` runs a long query of the ledger; `rest` is called whenever no event waits."""
        self._rest = rest
        self._thread = threading.Thread()
        self._holds_event = False
        self._seen_pulse_s = self._seen_cpu_s = 0.0
        self._read = read
        self._deferred = deferred
        self._handle = handle
        self._room = threading.BoundedSemaphore(EVENTS_AT_ONCE)
        self._closed = threading.Event()
        self._events: asyncio.Queue[Event | asyncio.Future[None]] = asyncio.Queue()
        self.consumer = asyncio.create_task(self._consume())
        self._finished: asyncio.Future[None]
        """Done once every event of the inbox is applied."""
        self._config: Config
        self._replacement: asyncio.Task[None] | None = None

    async def open(self, config: Config) -> None:
        """Build the inbox of a configuration; `start` or `scan_once` runs it.

        Errors: StorageError.
        """
        self._root = config.inbox
        self.inbox = await self._read(partial(_inbox, config))

    def start(self) -> None:
        """Report what happens in the inbox until `close`."""
        self._listen(self.inbox.events())

    async def replace(self, config: Config, begin: Callable[[], None]) -> None:
        """Stop the inbox, and start one of another configuration; `begin` is called in between.

        It waits until all that the old one reported is applied: the ledger tells the new one which
        files to miss, and of a report under way it knows nothing. Where a disk hangs, or the
        ledger refuses, this returns, and the new inbox starts later.
        """
        self._config = config
        self.inbox.stop()
        if not self._is_replacing:
            self._replacement = asyncio.create_task(self._replace(begin))
        if self._replacement:
            await asyncio.wait([self._replacement], timeout=ANSWER_S)

    async def _replace(self, begin: Callable[[], None]) -> None:
        await asyncio.wait([self._finished])
        opened: Config | None = None
        while opened is not self._config:
            opened = self._config
            try:
                await self.open(opened)
            except StorageError:
                opened = None
                await asyncio.sleep(REOPEN_S)
        begin()
        self.start()

    @property
    def _is_replacing(self) -> bool:
        return self._replacement is not None and not self._replacement.done()

    def scan_once(self) -> asyncio.Future[None]:
        """Report what the inbox holds now; the future is done after the last event."""
        return self._listen(self.inbox.once())

    def close(self) -> None:
        """End the thread soon."""
        self._closed.set()
        self.inbox.stop()
        self.consumer.cancel()
        if self._replacement:
            self._replacement.cancel()

    @property
    def is_alive(self) -> bool:
        """True while the inbox's thread moves, or waits: for its disk, or with an event."""
        if self.consumer.done():
            return False
        is_between = self._is_replacing and not self._thread.is_alive()
        is_excused = bool(self._deferred.problem) or is_between
        return is_excused or self._silent_s < PULSE_S or self._waits

    @property
    def holds_events(self) -> bool:
        """True if an event of the inbox is still to be applied."""
        return not self._events.empty()

    @property
    def problem(self) -> StorageError | None:
        """The message for the user while the inbox's disk does not answer."""
        if self._silent_s < ANSWER_S or self._holds_event or not self._waits:
            return None
        return no_answer(f"the inbox {self._root}")

    @property
    def _silent_s(self) -> float:
        """Seconds since the inbox's thread last moved."""
        if self._seen_pulse_s != self.inbox.pulse:
            self._seen_pulse_s = self.inbox.pulse
            self._seen_cpu_s = self._cpu_s
        return time.monotonic() - self.inbox.pulse

    @property
    def _waits(self) -> bool:
        """True if the silent thread uses no processor time: it waits, and does not go round."""
        return self._thread.is_alive() and self._cpu_s - self._seen_cpu_s < MOST_CPU_S

    @property
    def _cpu_s(self) -> float:
        """Its processor time. It may end at any moment: only the kernel's number is safe to ask."""
        if (number := self._thread.native_id) is not None:
            with suppress(OSError):
                return time.clock_gettime(~number << 3 | _CPU_CLOCK_OF_THREAD)
        return 0.0

    def _listen(self, events: Iterator[Event]) -> asyncio.Future[None]:
        loop = asyncio.get_running_loop()
        self._finished = finished = loop.create_future()

        def forward() -> None:
            for event in events:
                self._holds_event = True
                while not self._room.acquire(timeout=0.2):
                    if self._closed.is_set():
                        return
                self._holds_event = False
                loop.call_soon_threadsafe(self._events.put_nowait, event)
            loop.call_soon_threadsafe(self._events.put_nowait, finished)

        def forward_while_the_loop_runs() -> None:
            with suppress(RuntimeError):  # the loop was closed
                forward()

        self._thread = threading.Thread(target=forward_while_the_loop_runs, name="inbox")
        self._thread.daemon = True
        self._thread.start()
        return finished

    async def _consume(self) -> None:
        while True:
            if self._events.empty():
                await self._rest()
            event = await self._events.get()
            if isinstance(event, asyncio.Future):
                apply = partial(event.set_result, None)
            else:
                apply = partial(self._apply, await self._handle(event))
            asyncio.get_running_loop().call_soon(self._deferred.run, apply)
            await asyncio.sleep(0)  # one event a turn of the loop, so that nothing waits for many

    def _apply(self, apply: Callable[[], None]) -> None:
        try:
            apply()
        except StorageError:
            raise  # the event is tried again, and keeps its room
        except BaseException:
            self._room.release()
            raise
        self._room.release()


def _inbox(config: Config, ledger: Ledger) -> Inbox:
    return Inbox(
        config.inbox,
        ledger.sources.known(),
        settle_s=float(config.settle),
        scan_s=float(config.scan),
        ignore=config.ignore,
        unreadable=[job.path for job in ledger.jobs.waiting_for(JobReason.UNREADABLE)],
    )

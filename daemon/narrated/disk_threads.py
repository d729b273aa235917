"""Calls to one file system, made in threads of its own, so that the event loop never waits for it.

A disk may hang: a network server is away, a FUSE server stands still. Nothing can end the thread
that waits there, so nobody waits for that thread: neither the caller, nor the end of the process.
"""

import asyncio
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from queue import SimpleQueue
from typing import Any, TypeVar, cast

from narrated.errors import StorageError
from narrated.printable import printable

Value = TypeVar("Value")

ANSWER_S = 15.0
"""Patience for a call that only looks or renames: a disk that spins up takes up to ten seconds."""
TRANSFER_S = 600.0
"""Patience for a call that reads or writes whole files."""
_SLOW_S = 2.0


class DiskThreads:
    """Makes calls in a few threads, and waits for each as long as its patience lasts.

    Calls that only look and calls that transfer whole files have threads of their own: several long
    transfers make no disk look hung. A call without an answer is abandoned: its caller gets a
    StorageError, and while the thread is still in that call, new calls are refused at once. So an
    abandoned change never competes with a later one, and a hung disk costs no more than these
    threads.
    """

    def __init__(self, place: str, count: int = 4) -> None:
        """`place` names the folder in messages, with its article: `the outbox /srv/outbox`.

        At most `count` threads look, and as many transfer.
        """
        self._place = place
        name = place.split(" ")[1]
        self._looks = _ThreadGroup(f"{name}-look", count, self._ended)
        self._transfers = _ThreadGroup(f"{name}-transfer", count, self._ended)
        self._open: set[_Call] = set()
        self._abandoned: set[_Call] = set()

    async def run(
        self, call: Callable[..., Value], *values: Any, patience_s: float = ANSWER_S
    ) -> Value:
        """Return a call's result. Errors: StorageError without an answer; whatever it raises.

        A cancelled caller leaves the call to its thread, and a call that waits for one is dropped.
        """
        if problem := self.problem:
            raise problem
        loop = asyncio.get_running_loop()
        work = _Call(partial(call, *values), loop, loop.create_future(), time.monotonic())
        self._open.add(work)
        (self._transfers if patience_s > ANSWER_S else self._looks).submit(work)
        # A timer and a future cost a fifth of `asyncio.timeout` and a future of a thread pool.
        work.timer = loop.call_later(patience_s, self._expire, work, patience_s)
        try:
            return cast(Value, await work.answer)
        finally:
            work.timer.cancel()

    @property
    def problem(self) -> StorageError | None:
        """The message for the user while a call is overdue; None if the disk answers."""
        return no_answer(self._place) if self._abandoned else None

    @property
    def is_slow(self) -> bool:
        """True while a call has been waiting for seconds."""
        now_s = time.monotonic()
        return any(now_s - work.asked_s > _SLOW_S for work in self._open)

    def close(self) -> None:
        """Let the threads end. Nobody waits for them: one may hang."""
        for group in (self._looks, self._transfers):
            group.close()

    def _expire(self, work: "_Call", patience_s: float) -> None:
        """Abandon a call; one that waits for its thread goes on waiting while the disk works."""
        if work.answer.done():
            return
        if work.is_taken or self._abandoned:
            self._abandoned.add(work)
            work.answer.set_exception(no_answer(self._place))
        else:
            work.timer = work.loop.call_later(patience_s, self._expire, work, patience_s)

    def _ended(self, work: "_Call", result: Any, error: BaseException | None) -> None:
        self._open.discard(work)
        self._abandoned.discard(work)
        if work.answer.done():  # its caller was cancelled, or refused
            return
        if error is None:
            work.answer.set_result(result)
        else:
            work.answer.set_exception(error)


class _ThreadGroup:
    """Threads that take calls in turn; each is started when all others are busy."""

    def __init__(
        self, name: str, most: int, ended: "Callable[[_Call, Any, BaseException | None], None]"
    ) -> None:
        self._name = name
        self._most = most
        self._ended = ended
        self._calls: SimpleQueue[_Call | None] = SimpleQueue()
        self._threads = 0
        self._open = 0

    def submit(self, work: "_Call") -> None:
        """Queue a call; the event loop's thread alone may do so."""
        self._open += 1
        self._calls.put(work)
        if self._threads < min(self._most, self._open):
            self._threads += 1
            name = f"{self._name}-{self._threads}"
            threading.Thread(target=self._serve, name=name, daemon=True).start()

    def close(self) -> None:
        """Let the threads end after the calls that wait."""
        for _ in range(self._threads):
            self._calls.put(None)

    def _serve(self) -> None:
        while (work := self._calls.get()) is not None:
            result, error = None, None
            work.is_taken = True
            if not work.answer.done():
                try:
                    result = work.call()
                except BaseException as raised:  # noqa: BLE001  # the caller gets it
                    error = raised
            with suppress(RuntimeError):  # the loop was closed
                work.loop.call_soon_threadsafe(self._answered, work, result, error)
            del work, result, error

    def _answered(self, work: "_Call", result: Any, error: BaseException | None) -> None:
        self._open -= 1
        self._ended(work, result, error)


@dataclass(slots=True, eq=False)
class _Call:
    """A call that waits for a thread, or is in one."""

    call: Callable[[], Any]
    loop: asyncio.AbstractEventLoop
    answer: asyncio.Future[Any]
    """Done before its thread returns if nobody waits for it any more."""
    asked_s: float
    timer: asyncio.TimerHandle = field(init=False)
    is_taken: bool = False
    """True once a thread works at it."""


def no_answer(place: str) -> StorageError:
    """Return the error about a disk that does not answer."""
    return StorageError(
        f"The disk of {printable(place)} does not answer.",
        "Look at its mount and its server; the work goes on by itself.",
    )

"""Child processes that parse sources: a hostile file can hang or crash only one of them."""

import asyncio
import logging
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

from narrated.errors import ParserUnavailable, SourceError, SourceTookTooLong, TurnAwaited
from narrated.printable import printable
from narrated.workers.child import START_REMEDY, ChildProcess
from narrated.workers.fair_shares import ASKED_FOR, Standing
from narrated.workers.folder_turns import FolderTurns
from narrated.workers.protocol import BadFrame

SMALL_BYTES = 64 * 1024
"""Smaller sources have a child of their own if there are two, and never wait for a book."""

SLOW_S = 5.0
"""A folder whose source took so long to parse is held apart."""
_QUICK = 0.2
"""The share of that time within which a source counts as quick."""
_MEMORY_BYTES = 4 << 30  # a picture within the limits fits, a bomb does not
_EXIT_LIMIT_S = 1.0
_MOST_SLOW_FOLDERS = 1000

logger = logging.getLogger("narrated.parser")


class ParserPool:
    """Sends requests to children that run `module`; each is started when first needed.

    A source whose lexicon has patterns without a bound in time has a child that is kept for those.
    Folders take turns. Once a source took too long, or some seconds, the sources of its folder and
    of those below share a child of their own: however many of them are slow, they hold up no other
    folder. A folder whose sources only took seconds is back once one of them is quick.
    """

    def __init__(
        self,
        count: int = 1,
        time_limit_s: float = 60.0,
        memory_bytes: int = _MEMORY_BYTES,
        module: str = "narrated.parser_process",
        may_wait: Callable[[int, str], bool] = lambda job, child: True,
        slow_s: float = SLOW_S,
        standings: Mapping[int, Standing] = MappingProxyType({}),
    ) -> None:
        """`may_wait` is called before a job waits for one of the last two children, by name.

        `standings`: those of the running jobs, by their ids.
        """
        self._standings = standings
        limits = (time_limit_s, memory_bytes, module)
        self._queues = [_ParserQueue(*limits) for _ in range(max(1, count))]
        self._backtracking = _ParserQueue(*limits)
        self._slow = _ParserQueue(*limits)
        self._slow_folders: dict[str, bool] = {}
        """True if a source took too long; False if one took more than `slow_s`."""
        self.slow_s = slow_s
        self._may_wait = may_wait

    async def ask(
        self, header: Mapping[str, Any], payload: bytes, path: str = "", job: int = 0
    ) -> bytes:
        """Return the payload of the reply to a request about the source at `path`.

        Errors: SourceError if the source cannot be parsed, ParserUnavailable if no child starts,
        TurnAwaited if the job may not wait for the child that it needs.
        """
        folder = path.rpartition("/")[0]
        standing = self._standings.get(job, ASKED_FOR)
        first = self._queue_for(header.get("source_bytes", len(payload)))
        for queue in (first, self._backtracking):
            if self._is_slow(folder):
                break
            if queue is self._backtracking:
                self._check_may_wait(job, "backtracking")
            async with queue.turns.turn(folder, len(payload), standing):
                if self._is_slow(folder):
                    break  # the sources before it have shown it
                answer, content = await self._ask(queue, header, payload, folder)
                if not answer.get("backtracks"):
                    return content
        self._check_may_wait(job, "slow")
        async with self._slow.turns.turn(folder, len(payload), standing):
            return (await self._ask(self._slow, header, payload, folder))[1]

    async def stop(self) -> None:
        """End all children."""
        queues = [*self._queues, self._backtracking, self._slow]
        await asyncio.gather(*(queue.clear() for queue in queues))

    def _check_may_wait(self, job: int, child: str) -> None:
        if job and not self._may_wait(job, child):
            raise TurnAwaited("It is read once the parser that it needs is free.")

    def _queue_for(self, source_bytes: int) -> "_ParserQueue":
        small, *large = self._queues
        if source_bytes < SMALL_BYTES or not large:
            return small
        return min(large, key=lambda queue: queue.turns.pending)

    async def _ask(
        self, queue: "_ParserQueue", header: Mapping[str, Any], payload: bytes, folder: str
    ) -> tuple[dict[str, Any], bytes]:
        backtracks = queue in (self._backtracking, self._slow)
        began_s = time.monotonic()
        try:
            answer = await queue.answer({**header, "backtracking": backtracks}, payload)
        except SourceTookTooLong:
            self._hold_apart(folder, for_good=True)
            raise
        self._follow_pace(folder, time.monotonic() - began_s)
        return answer

    def _follow_pace(self, folder: str, elapsed_s: float) -> None:
        if elapsed_s > self.slow_s:
            self._hold_apart(folder, for_good=False)
        elif elapsed_s < _QUICK * self.slow_s and self._slow_folders.get(folder) is False:
            del self._slow_folders[folder]

    def _is_slow(self, folder: str) -> bool:
        return any(
            folder == slow or (slow and folder.startswith(f"{slow}/"))
            for slow in self._slow_folders
        )

    def _hold_apart(self, folder: str, *, for_good: bool) -> None:
        was_slow = self._is_slow(folder)
        if was_slow and not (for_good and self._slow_folders.get(folder) is False):
            return
        self._slow_folders[folder] = for_good
        if len(self._slow_folders) > _MOST_SLOW_FOLDERS:
            del self._slow_folders[next(iter(self._slow_folders))]
        where = printable(folder) or "the inbox's root"
        why = "too long" if for_good else f"more than {self.slow_s:g} s"
        logger.warning("sources in %s are parsed apart from now on: one took %s", where, why)


@dataclass(slots=True, eq=False)
class _ParserQueue:
    """One child at a time, and the requests that wait for it."""

    time_limit_s: float
    memory_bytes: int
    module: str
    turns: FolderTurns = field(default_factory=FolderTurns)
    child: ChildProcess | None = None

    async def clear(self) -> str:
        """End the child, which has a moment to exit by itself; returns its end in words."""
        child, self.child = self.child, None
        return await child.ended(_EXIT_LIMIT_S) if child is not None else ""

    async def answer(
        self, header: Mapping[str, Any], payload: bytes
    ) -> tuple[dict[str, Any], bytes]:
        reply = await self._try(header, payload)
        if reply is None:
            # It may have died of something else: the file is the cause only if a new child dies.
            await self.clear()
            reply = await self._try(header, payload)
        if reply is None:
            end = await self.clear()
            await self._check_start()
            raise SourceError(
                f"The parser crashed twice on this file: it {end}.",
                "The file is damaged, or needs more memory than the parser may take: replace it.",
            )
        if failed := reply[0].get("failed"):
            kind = SourceTookTooLong if failed.get("slow") else SourceError
            raise kind(failed["problem"], failed.get("remedy", ""))
        return reply

    async def _try(
        self, header: Mapping[str, Any], payload: bytes
    ) -> tuple[dict[str, Any], bytes] | None:
        answered = False
        try:
            async with asyncio.timeout(self.time_limit_s):
                reply = await self._exchange(header, payload)
            answered = True
            return reply
        except TimeoutError:
            raise SourceTookTooLong(
                f"Parsing it took longer than {self.time_limit_s:g} seconds.",
                "Make the file smaller, or split it.",
            ) from None
        except BadFrame:
            return None
        finally:
            if not answered and self.child is not None:
                # A late answer would be taken for the answer to the next request.
                self.child.kill()
                await self.clear()

    async def _check_start(self) -> None:
        """Raise ParserUnavailable if a new child cannot answer even the simplest request."""
        with suppress(SourceTookTooLong):
            if await self._try({"do": "ping"}, b"") is not None:
                return
        said = self.child.last_lines[-1:] if self.child is not None else ()
        how = await self.clear() or "does not answer"
        raise _unavailable(" ".join([f"it {how}.", *said]))

    async def _exchange(
        self, header: Mapping[str, Any], payload: bytes
    ) -> tuple[dict[str, Any], bytes] | None:
        if self.child is None:
            self.child = await self._started()
        try:
            self.child.send(header, payload)
        except BadFrame as error:
            raise SourceError(error.problem, "Make the file or its lexicon smaller.") from error
        return await self.child.receive()

    async def _started(self) -> ChildProcess:
        try:
            return await ChildProcess.start("parser", self.module, memory_bytes=self.memory_bytes)
        except OSError as error:
            raise _unavailable(f"{error.strerror or error}.") from error


def _unavailable(why: str) -> ParserUnavailable:
    return ParserUnavailable(f"No parser can be started: {why}", START_REMEDY)

"""Child processes that parse sources: a hostile file can hang or crash only one of them."""

import asyncio
from collections.abc import Mapping
from typing import Any

from narrated.errors import SourceError
from narrated.workers.child import ChildProcess
from narrated.workers.protocol import BadFrame

SMALL_BYTES = 64 * 1024
"""Smaller sources have a child of their own if there are two, and never wait for a book."""

MEMORY_BYTES = 4 << 30
"""Limit on a child's address space: a picture within the limits fits, a bomb does not."""

PARSER = "narrated.parser_process"

_EXIT_LIMIT_S = 1.0


class ParserPool:
    """Sends requests to parser processes; each is started when first needed.

    `time_limit_s` limits one request, `memory_bytes` a child's address space; a child runs
    `module`.
    """

    def __init__(
        self,
        count: int = 1,
        time_limit_s: float = 60.0,
        memory_bytes: int = MEMORY_BYTES,
        module: str = PARSER,
    ) -> None:
        self._queues = [
            _ParserQueue(time_limit_s, memory_bytes, module) for _ in range(max(1, count))
        ]

    async def ask(self, header: Mapping[str, Any], payload: bytes) -> bytes:
        """Return the payload of the reply; SourceError if the source cannot be parsed."""
        return await self._queue(len(payload)).ask(header, payload)

    async def stop(self) -> None:
        """End all children."""
        await asyncio.gather(*(queue.clear() for queue in self._queues))

    def _queue(self, size_bytes: int) -> "_ParserQueue":
        small, *large = self._queues
        if size_bytes < SMALL_BYTES or not large:
            return small
        return min(large, key=lambda queue: queue.pending)


class _ParserQueue:
    """One child at a time, and the requests that wait for it."""

    def __init__(self, time_limit_s: float, memory_bytes: int, module: str) -> None:
        self.pending = 0
        self._time_limit_s = time_limit_s
        self._memory_bytes = memory_bytes
        self._module = module
        self._lock = asyncio.Lock()
        self._child: ChildProcess | None = None

    async def ask(self, header: Mapping[str, Any], payload: bytes) -> bytes:
        self.pending += 1
        try:
            async with self._lock:
                return await self._answer(header, payload)
        finally:
            self.pending -= 1

    async def clear(self) -> str:
        """End the child, which has a moment to exit by itself; returns its end in words."""
        child, self._child = self._child, None
        return await child.ended(_EXIT_LIMIT_S) if child is not None else ""

    async def _answer(self, header: Mapping[str, Any], payload: bytes) -> bytes:
        reply = await self._try(header, payload)
        if reply is None:
            # It may have died of something else: the file is the cause only if a new child dies.
            await self.clear()
            reply = await self._try(header, payload)
        if reply is None:
            raise SourceError(
                f"The parser crashed twice on this file: it {await self.clear()}.",
                "The file is damaged, or needs more memory than the parser may take: replace it.",
            )
        answer, content = reply
        if failed := answer.get("failed"):
            raise SourceError(failed["problem"], failed.get("remedy", ""))
        return content

    async def _try(
        self, header: Mapping[str, Any], payload: bytes
    ) -> tuple[dict[str, Any], bytes] | None:
        answered = False
        try:
            async with asyncio.timeout(self._time_limit_s):
                reply = await self._exchange(header, payload)
            answered = True
            return reply
        except TimeoutError:
            raise SourceError(
                f"Parsing it took longer than {self._time_limit_s:g} seconds.",
                "Make the file smaller, or split it.",
            ) from None
        except BadFrame:
            return None
        finally:
            if not answered:
                # A late answer would be taken for the answer to the next request.
                await self._kill()

    async def _exchange(
        self, header: Mapping[str, Any], payload: bytes
    ) -> tuple[dict[str, Any], bytes] | None:
        if self._child is None:
            self._child = await ChildProcess.start(
                "parser", self._module, memory_bytes=self._memory_bytes
            )
        try:
            self._child.send(header, payload)
        except BadFrame as error:
            raise SourceError(error.problem, "Make the file or its lexicon smaller.") from error
        return await self._child.receive()

    async def _kill(self) -> None:
        if self._child is not None:
            self._child.kill()
            await self.clear()

"""The children that read sources: a hostile file can hang or crash only one of them."""

import asyncio
from collections.abc import Mapping
from typing import Any

from narrated.errors import SourceError
from narrated.workers.child import ChildProcess
from narrated.workers.protocol import BadFrame

SMALL_BYTES = 64 * 1024
"""Sources under this have a child of their own, where there are two, and never wait for a book."""

MEMORY_BYTES = 4 << 30
"""Address space a child may take: a picture within the bounds fits, a bomb does not."""

EDITOR = "narrated.parser_process"

_PATIENCE_S = 1.0


class ParserPool:
    """Asks children to read sources; each child is started when first needed.

    `time_limit_s` bounds one question, `memory_bytes` each child's address space; `module` is
    what a child runs.
    """

    def __init__(
        self,
        count: int = 1,
        time_limit_s: float = 60.0,
        memory_bytes: int = MEMORY_BYTES,
        module: str = EDITOR,
    ) -> None:
        self._desks = [
            _ParserQueue(time_limit_s, memory_bytes, module) for _ in range(max(1, count))
        ]

    async def ask(self, header: Mapping[str, Any], payload: bytes) -> bytes:
        """The payload of the child's reply; SourceError says why the source cannot be read."""
        return await self._desk(len(payload)).ask(header, payload)

    async def stop(self) -> None:
        """End all children."""
        await asyncio.gather(*(desk.clear() for desk in self._desks))

    def _desk(self, size_bytes: int) -> "_ParserQueue":
        small, *large = self._desks
        if size_bytes < SMALL_BYTES or not large:
            return small
        return min(large, key=lambda desk: desk.asked)


class _ParserQueue:
    """One child at a time, and the questions that wait for it."""

    def __init__(self, time_limit_s: float, memory_bytes: int, module: str) -> None:
        self.asked = 0
        self._time_limit_s = time_limit_s
        self._memory_bytes = memory_bytes
        self._module = module
        self._turn = asyncio.Lock()
        self._child: ChildProcess | None = None

    async def ask(self, header: Mapping[str, Any], payload: bytes) -> bytes:
        self.asked += 1
        try:
            async with self._turn:
                return await self._answer(header, payload)
        finally:
            self.asked -= 1

    async def clear(self) -> str:
        """End the child, leaving it a moment to end by itself; how it ended, in words."""
        child, self._child = self._child, None
        return await child.ended(_PATIENCE_S) if child is not None else ""

    async def _answer(self, header: Mapping[str, Any], payload: bytes) -> bytes:
        reply = await self._tried(header, payload)
        if reply is None:
            # It may have died of something else: the file is guilty only if a fresh one dies too.
            await self.clear()
            reply = await self._tried(header, payload)
        if reply is None:
            raise SourceError(
                f"Reading it ended the reader, twice: it {await self.clear()}.",
                "The file is damaged, or needs more memory than a reader may take.",
            )
        answer, content = reply
        if failed := answer.get("failed"):
            raise SourceError(failed["problem"], failed.get("remedy", ""))
        return content

    async def _tried(
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
                f"Reading it took longer than {self._time_limit_s:g} seconds.",
                "Make the file smaller, or divide it.",
            ) from None
        except BadFrame:
            return None
        finally:
            if not answered:
                # Whatever it says now would be taken for the answer to the next question.
                await self._kill()

    async def _exchange(
        self, header: Mapping[str, Any], payload: bytes
    ) -> tuple[dict[str, Any], bytes] | None:
        if self._child is None:
            self._child = await ChildProcess.start(
                "editor", self._module, memory_bytes=self._memory_bytes
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

"""A request to a worker: the engine and voice that it was planned for, and who can take it."""

import asyncio
from collections.abc import Collection, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, replace
from typing import Any, Protocol

from narrated.engines.engine_info import EngineInfo
from narrated.errors import EngineError, EngineReplaced, EngineUnavailable
from narrated.workers.pool import WorkerPool
from narrated.workers.worker import RequestResult, Worker

_REMEDY = "Try again."
_FALSE_IDENTITY = EngineError(
    "The engine answered under another identity than its worker announced.",
    "An engine's identity must stay the same while it is loaded: mend the engine.",
)


@dataclass(frozen=True, slots=True)
class ScheduledRequest:
    """Work for one engine: a chunk to speak, a picture to describe, or a take to hear."""

    key: str
    """Identifies the result; two requests of one key are done once."""
    engine: str
    job: int
    """The id of its job, whose standing decides when it is served."""
    weight: float
    """Cost to its job, in characters."""
    header: dict[str, Any]
    payload: bytes = b""
    identity: str = ""
    """The identity of the engine that the key names; empty for any."""

    def matches(self, engine: EngineInfo) -> bool:
        """True if it was planned for this engine, and for its voice as it is now."""
        if self.identity not in ("", engine.identity):
            return False
        voice, digest = self.header.get("voice"), self.header.get("voice_digest")
        return not voice or digest is None or engine.voices.get(voice, "") == digest

    def checked(self, result: RequestResult) -> RequestResult | EngineError:
        """The result, or an error if another engine than the key names has made it."""
        return result if self._is_of(result) else _FALSE_IDENTITY

    def is_outdated_by(self, worker: Worker, answer: asyncio.Future[RequestResult]) -> bool:
        """True if a worker answered with, or refused for, an engine or voice that it has by now."""
        engine = worker.engines.get(self.engine)
        if engine is not None and self.matches(engine):
            return False
        problem = answer.exception()
        return isinstance(problem, EngineUnavailable) or not (
            problem or self._is_of(answer.result())
        )

    def _is_of(self, result: RequestResult) -> bool:
        return self.identity in ("", result.header["identity"])


class EngineAccess(Protocol):
    """Engines that announce themselves, and do requests: the Scheduler's, or those of a daemon."""

    async def engine(
        self, name: str, voices: Collection[str] = (), *, waits: bool = True
    ) -> EngineInfo:
        """Return what an engine announced of itself; see Scheduler."""

    async def perform(self, request: ScheduledRequest) -> RequestResult:
        """Run a request; see Scheduler."""

    def performing(self, request: ScheduledRequest) -> AbstractAsyncContextManager[RequestResult]:
        """Run a request; see Scheduler."""


def refusal(request: ScheduledRequest, pool: WorkerPool) -> EngineUnavailable | None:
    """The reason that no worker will take a request; None if one does, or may in a moment."""
    announced = pool.announced(request.engine)
    if any(map(request.matches, announced)):
        return None
    if problem := pool.unavailable(request.engine):
        return problem
    if pool.awaits(request.engine):
        return None
    if any(request.identity in ("", engine.identity) for engine in announced):
        return EngineReplaced(f"The voice '{request.header['voice']}' was changed.", _REMEDY)
    return EngineReplaced(f"The engine `{request.engine}` was replaced.", _REMEDY)


def by_identity(announced: Sequence[EngineInfo]) -> list[EngineInfo]:
    """Join the announcements of equal identity; of two voices of one name, the first counts."""
    joined: dict[str, EngineInfo] = {}
    for engine in announced:
        first = joined.get(engine.identity, engine)
        joined[engine.identity] = replace(first, voices={**engine.voices, **first.voices})
    return list(joined.values())

"""Ears that are in no state to listen cost a post one wait, not one for each take."""

import asyncio
from pathlib import Path

import msgspec
import pytest

from narrated.engines.engine_info import EngineInfo
from narrated.errors import EngineUnavailable
from narrated.jobs import ears
from narrated.jobs.ears import Ears, Heard
from narrated.script.script import Chunk, Role
from narrated.take_checks.heard_words import HeardWords
from narrated.workers.worker import RequestResult


class _Engines:
    """Engines of which none gets loaded, or none is there."""

    def __init__(self, trouble: EngineUnavailable | None = None) -> None:
        self.asked = 0
        self._trouble = trouble

    async def engine(self, name: str) -> None:
        self.asked += 1
        if self._trouble:
            raise self._trouble
        await asyncio.Event().wait()


def _ears(engines: object, others: object = None) -> Ears:
    return Ears(engines, others, others, others, None, lambda: "ear")  # type: ignore[arg-type]


def test_slow_ears_are_awaited_once(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Ears that take too long to load rest; no later take waits for them."""
    monkeypatch.setattr(ears, "LOADING_S", 0.01)
    engines = _Engines()
    listening = _ears(engines)

    async def listen() -> None:
        assert await asyncio.gather(*(listening.listener("en") for _ in range(3))) == [None] * 3
        assert await listening.listener("en") is None

    asyncio.run(listen())
    assert engines.asked == 3
    assert caplog.text.count("rests") == 1
    assert not listening.are_there


class _Machines:
    """An engine that hears a word, its encoder, and a parser that waits until it may go on."""

    def __init__(self) -> None:
        self.heard = 0
        self.compares, self.goes_on = asyncio.Event(), asyncio.Event()

    def path(self, key: str) -> Path:
        return Path(key)

    async def join(self, takes: object) -> tuple[bytes, int]:
        return b"", 16_000

    async def perform(self, request: object) -> RequestResult:
        self.heard += 1
        return RequestResult({"text": "word"}, b"")

    async def ask(self, *asked: object) -> bytes:
        self.compares.set()
        await self.goes_on.wait()
        return msgspec.json.encode(HeardWords())


def test_no_take_is_heard_amid_comparing() -> None:
    """A post that asks for a take whose words are being compared has it heard no more."""
    chunk = Chunk("line", 0, Role.PARAGRAPH, "Word.", 0.0)
    listener = EngineInfo("ear", "hearing", "ear-1", 0, {}, 1)
    machines = _Machines()

    async def listen() -> list[Heard | None]:
        listening = _ears(machines, machines)
        first = asyncio.create_task(listening.hear(chunk, "key", listener, 1, ()))
        await machines.compares.wait()
        second = asyncio.create_task(listening.hear(chunk, "key", listener, 2, ()))
        await asyncio.sleep(0)
        machines.goes_on.set()
        return [await first, await second]

    assert asyncio.run(listen()) == [Heard("word", HeardWords())] * 2
    assert machines.heard == 1


def test_absent_ears_may_come() -> None:
    """Ears that are not available are asked for again: they may be there at the next take."""
    engines = _Engines(EngineUnavailable("No model is there.", ""))
    listening = _ears(engines)

    async def listen() -> None:
        assert [await listening.listener("en") for _ in range(2)] == [None] * 2

    asyncio.run(listen())
    assert engines.asked == 2

"""Ears that are in no state to listen cost a post one wait, not one for each take."""

import asyncio

import pytest

from narrated.errors import EngineUnavailable
from narrated.jobs import ears
from narrated.jobs.ears import Ears


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


def _ears(engines: _Engines) -> Ears:
    return Ears(engines, None, None, None, None, lambda: "ear")  # type: ignore[arg-type]


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


def test_absent_ears_may_come() -> None:
    """Ears that are not available are asked for again: they may be there at the next take."""
    engines = _Engines(EngineUnavailable("No model is there.", ""))
    listening = _ears(engines)

    async def listen() -> None:
        assert [await listening.listener("en") for _ in range(2)] == [None] * 2

    asyncio.run(listen())
    assert engines.asked == 2

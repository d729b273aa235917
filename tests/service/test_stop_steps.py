"""The steps of a stop share their time, however many of them wait for a hung disk."""

import asyncio
from contextlib import AsyncExitStack

import pytest

from narrated.service import stop_steps
from narrated.service.stop_steps import CHANGES_S, STOP_S, StopSteps, within


class Clock:
    """A clock that only the steps move."""

    def __init__(self) -> None:
        self.now_s = 1000.0

    def monotonic(self) -> float:
        return self.now_s


def test_steps_share_the_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """Steps that all hang have together what a stop may take, and none more than its own part."""
    clock = Clock()
    monkeypatch.setattr(stop_steps, "time", clock)
    given: list[float] = []

    async def hang(patience_s: float) -> None:
        given.append(patience_s)
        clock.now_s += patience_s

    async def story() -> None:
        async with AsyncExitStack() as stack:
            steps = StopSteps(stack)
            for _ in range(8):
                steps.add(hang, CHANGES_S)
            clock.now_s += 3600  # it works for an hour before the stop

    asyncio.run(story())
    assert given[0] == CHANGES_S
    assert len(given) == 8
    assert sum(given) <= STOP_S + 0.5  # each later one has a last moment
    assert all(given)


def test_call_without_thread_is_left() -> None:
    """A call that no thread takes up is left once the patience ends, without an error."""

    async def story() -> bool:
        waiting = asyncio.get_running_loop().create_future()
        await within(0.01, waiting)
        return waiting.cancelled()

    assert asyncio.run(story())

"""Work beside the daemon's loops does not fail unseen."""

import asyncio

import pytest

from narrated.service.background_tasks import BackgroundTasks


async def fail() -> None:
    raise KeyError("a defect")


async def end() -> None:
    """Work that is done."""


async def wait_for_ever() -> None:
    await asyncio.Event().wait()


def test_failed_task_ends_the_daemon(caplog: pytest.LogCaptureFixture) -> None:
    """A task that fails stops the daemon at once, is named, and its error comes out at the end."""

    async def run() -> None:
        stop = asyncio.Event()
        async with BackgroundTasks(stop.set) as tasks:
            tasks.start("the other work", wait_for_ever())
            tasks.start("the check", fail())
            await stop.wait()

    with pytest.raises(KeyError, match="a defect"):
        asyncio.run(run())
    assert "the check failed" in caplog.text


def test_ended_task_ends_nothing() -> None:
    """A task may end; those that still run are cancelled at the exit."""

    async def run() -> bool:
        stop = asyncio.Event()
        async with BackgroundTasks(stop.set) as tasks:
            tasks.start("the work", end())
            tasks.start("the other work", wait_for_ever())
            await asyncio.sleep(0)
            await asyncio.sleep(0)
        return stop.is_set()

    assert asyncio.run(run()) is False

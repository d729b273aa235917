"""Calls to a file system in threads: patience, and a hung disk told from a busy one."""

import asyncio
import re
import threading
from contextlib import closing
from pathlib import Path

import pytest

import narrated
from narrated.disk_threads import TRANSFER_S, DiskThreads
from narrated.errors import StorageError

HELD_S = 60.0


def test_transfers_delay_no_look() -> None:
    """A look is answered while every transfer that may run is under way."""

    async def story() -> str:
        with closing(DiskThreads("the outbox /x", count=2)) as disk:
            may_end = threading.Event()
            transfers = [
                asyncio.create_task(disk.run(may_end.wait, HELD_S, patience_s=TRANSFER_S))
                for _ in range(3)
            ]
            answer = await disk.run(lambda: "seen")
            may_end.set()
            assert await asyncio.gather(*transfers) == [True] * 3
            return answer

    assert asyncio.run(story()) == "seen"


def test_busy_disk_is_not_hung() -> None:
    """A call whose patience ends while it waits for a thread goes on waiting."""

    async def story() -> str:
        with closing(DiskThreads("the outbox /x", count=1)) as disk:
            may_end = threading.Event()
            first = asyncio.create_task(disk.run(may_end.wait, HELD_S, patience_s=10.0))
            second = asyncio.create_task(disk.run(lambda: "seen", patience_s=0.01))
            await asyncio.sleep(0.05)
            assert disk.problem is None
            may_end.set()
            await first
            return await second

    assert asyncio.run(story()) == "seen"


def test_hung_call_refuses_others() -> None:
    """A call that gets no answer is refused, with those that wait, until its thread returns."""

    async def story() -> None:
        with closing(DiskThreads("the outbox /x", count=1)) as disk:
            may_end = threading.Event()
            calls = [
                asyncio.create_task(disk.run(may_end.wait, HELD_S, patience_s=0.01))
                for _ in range(2)
            ]
            for call in calls:
                with pytest.raises(StorageError, match="The disk of the outbox /x does not answer"):
                    await call
            with pytest.raises(StorageError):
                await disk.run(lambda: "seen")
            may_end.set()
            while disk.problem:
                await asyncio.sleep(0.01)
            assert await disk.run(lambda: "seen") == "seen"

    asyncio.run(story())


def test_no_thread_that_a_stop_awaits() -> None:
    """The daemon runs nothing in asyncio's own threads: the end of its loop waits for them."""
    package = Path(narrated.__file__).parent
    commands = [package / "terminal"]  # they have a loop of their own, and no daemon's to end
    commands += [package / f"workers/{name}.py" for name in ("box_worker", "box_voices")]
    files = [path for path in package.rglob("*.py") if not {path, *path.parents} & {*commands}]
    texts = {path: path.read_text() for path in files}
    awaited = re.compile(r"\bto_thread\(|\brun_in_executor\(")
    assert len(texts) > 100
    assert [str(path) for path, text in texts.items() if awaited.search(text)] == []

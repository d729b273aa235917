"""Turns at a parser: no folder holds another one up by many or long sources."""

import asyncio
from collections.abc import Sequence

import pytest

from narrated.workers import folder_turns
from narrated.workers.fair_shares import Priority, Standing
from narrated.workers.folder_turns import FolderTurns

LONG, SHORT = 1 << 20, 100


class Clock:
    """A clock that only the sources move."""

    def __init__(self) -> None:
        self.now_s = 1000.0

    def monotonic(self) -> float:
        return self.now_s


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    made = Clock()
    monkeypatch.setattr(folder_turns, "time", made)
    return made


class Parser:
    """A parser whose sources are `folder/bytes`; each takes ten seconds a megabyte."""

    def __init__(self, clock: Clock) -> None:
        self.turns = FolderTurns()
        self.done: list[str] = []
        self._clock = clock

    async def parse(self, folder: str, size: int) -> None:
        async with self.turns.turn(folder, size):
            await asyncio.sleep(0)
            self._clock.now_s += 10 * size / LONG
            self.done.append(folder)

    def begin(self, sources: Sequence[tuple[str, int]]) -> list[asyncio.Task[None]]:
        return [asyncio.create_task(self.parse(*source)) for source in sources]


def test_best_rank_is_read_first() -> None:
    """Of a folder's sources of one priority the best rank goes first, whichever came first."""

    async def story() -> None:
        turns, read = FolderTurns(), []

        async def parse(name: str, standing: Standing) -> None:
            async with turns.turn("blog", SHORT, standing):
                read.append(name)
                await asyncio.sleep(0)

        post, note = Priority.POST, Priority.NOTE
        ranked = [("first", post, 9), ("third", post, 2), ("best", post, 1), ("note", note, 5)]
        await asyncio.gather(*(parse(name, Standing(how, rank)) for name, how, rank in ranked))
        assert [name for name in read if name != "note"] == ["first", "best", "third"]

    asyncio.run(story())


def test_folders_take_turns(clock: Clock) -> None:
    """A source waits for one of each other folder at most, however many came before it."""

    async def story() -> None:
        parser = Parser(clock)
        sources = [*[("many", LONG)] * 5, ("one", LONG), ("note", SHORT)]
        await asyncio.gather(*parser.begin(sources))
        assert parser.done == ["many", "note", "one", *["many"] * 4]

    asyncio.run(story())


def test_new_folders_starve_no_folder(clock: Clock) -> None:
    """However many folders come with short sources, a long one of another is parsed meanwhile."""

    async def story() -> None:
        parser = Parser(clock)
        (long,) = parser.begin([("long", LONG)])
        await asyncio.gather(*parser.begin([(f"new{n}", LONG // 10) for n in range(2)]))
        for number in range(100):
            await asyncio.gather(*parser.begin([(f"other{number}", LONG // 10)]))
            if long.done():
                break
        assert long.done()

    asyncio.run(story())


def test_cancelled_turn_goes_on(clock: Clock) -> None:
    """A source that is cancelled while it waits, or as its turn comes, leaves it to others."""

    async def story() -> None:
        parser = Parser(clock)
        first, second, third, fourth = parser.begin([("a", 1), ("b", 1), ("c", 1), ("d", 1)])
        await asyncio.sleep(0)
        second.cancel()
        await first  # the turn of the third is granted, and it does not know yet
        third.cancel()
        await fourth
        assert parser.done[0] == "a" and parser.done[-1] == "d"
        assert parser.turns.pending == 0

    asyncio.run(story())

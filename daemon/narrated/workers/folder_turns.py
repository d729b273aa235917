"""Turns at a parser: folders share its time, however many sources one of them has."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from narrated.workers.fair_shares import ASKED_FOR, Standing

_BYTE_S = 1e-6
"""The time that parsing a byte takes, about; it only says who goes first."""


@dataclass(eq=False, slots=True)
class _Turn:
    folder: str
    start_s: float
    """The time that its folder had used when it came."""
    cost_s: float
    standing: Standing
    granted: asyncio.Future[None]


class FolderTurns:
    """A lock that goes to the folder that has used the least time, by weighted fair queueing.

    A folder's time counts from the present on: one that comes back has saved nothing up. So a short
    source waits for at most one source of each other folder, and mostly for none but that in turn.
    Of a folder's sources of one priority the one of the best rank goes first, as everywhere else:
    it would have to wait for those that were read before it and begin to be spoken.
    (Demers, Keshav and Shenker, "Analysis and simulation of a fair queueing algorithm", 1989.)
    """

    def __init__(self) -> None:
        self._clock_s = 0.0
        """Virtual clock: the equal share of parsing time that a folder with work has had."""
        self._used_s: dict[str, float] = {}
        self._waiting: list[_Turn] = []
        self._is_taken = False

    @property
    def pending(self) -> int:
        """The number of sources that wait or are in turn."""
        return len(self._waiting) + self._is_taken

    @asynccontextmanager
    async def turn(
        self, folder: str, size_bytes: int, standing: Standing = ASKED_FOR
    ) -> AsyncIterator[None]:
        """Wait for a turn of a folder; the size tells short sources from long ones."""
        granted = asyncio.get_running_loop().create_future()
        turn = _Turn(folder, self._clock_s, size_bytes * _BYTE_S, standing, granted)
        self._waiting.append(turn)
        self._grant()
        try:
            await turn.granted
        except asyncio.CancelledError:
            self._leave(turn)
            raise
        began_s = time.monotonic()
        try:
            yield
        finally:
            self._charge(turn, time.monotonic() - began_s)
            self._release()

    def _grant(self) -> None:
        self._waiting = [each for each in self._waiting if not each.granted.done()]
        if self._is_taken or not self._waiting:
            return
        shortest = min(self._waiting, key=lambda each: self._start_s(each) + each.cost_s)
        turn = min(
            (each for each in self._waiting if _are_alike(each, shortest)),
            key=lambda each: each.standing.rank,
        )
        self._waiting.remove(turn)
        self._is_taken = True
        turn.granted.set_result(None)

    def _leave(self, turn: _Turn) -> None:
        if turn.granted.cancelled():
            self._grant()  # it is not counted any more
        else:  # its turn came in the same instant
            self._release()

    def _release(self) -> None:
        self._is_taken = False
        self._grant()

    def _charge(self, turn: _Turn, elapsed_s: float) -> None:
        self._used_s[turn.folder] = self._start_s(turn) + elapsed_s
        folders = {each.folder for each in self._waiting} | {turn.folder}
        self._clock_s += elapsed_s / len(folders)
        self._used_s = {
            folder: used_s for folder, used_s in self._used_s.items() if used_s > self._clock_s
        }

    def _start_s(self, turn: _Turn) -> float:
        return max(turn.start_s, self._used_s.get(turn.folder, 0.0))


def _are_alike(turn: _Turn, other: _Turn) -> bool:
    priorities = turn.standing.priority, other.standing.priority
    return turn.folder == other.folder and priorities[0] is priorities[1]

"""Places for jobs that run at once: a number for each priority, and the jobs that wait for one."""

import heapq
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping

from narrated.workers.fair_shares import ALL, FairShares, Priority, Standing

REVERSED_AT_ONCE = 2_000
"""Jobs whose order is turned round in one turn of the event loop: a few milliseconds."""

_Entry = tuple[float, int]
"""Rank and id of a job that waits."""


class WaitingJobs:
    """Jobs in the order of their standings; priorities take fair turns."""

    def __init__(self) -> None:
        self._shares = FairShares()
        self._heaps: dict[Priority, list[_Entry]] = {each: [] for each in Priority}
        self._old_heaps: dict[Priority, list[_Entry]] = {each: [] for each in Priority}
        """Those whose order is being turned round: their jobs come after the others."""
        self._entries: dict[int, _Entry] = {}
        """By job; an entry of a heap that is not in here was discarded."""

    def __len__(self) -> int:
        return len(self._entries)

    def __contains__(self, job: int) -> bool:
        return job in self._entries

    def push(self, job: int, standing: Standing) -> None:
        """Add a job, or give it another standing."""
        entry = self._entries[job] = (standing.rank, job)
        heapq.heappush(self._heaps[standing.priority], entry)

    def discard(self, job: int) -> None:
        """Remove a job, if it is here."""
        self._entries.pop(job, None)

    def has(self, priorities: Collection[Priority]) -> bool:
        """True if a job of these priorities waits."""
        return any(self._head(each) for each in priorities)

    def pop(self, priorities: Collection[Priority]) -> tuple[int, Standing] | None:
        """Take the next job of these priorities; None if none waits."""
        waiting = {each for each in priorities if self._head(each)}
        if not waiting:
            return None
        priority = self._shares.first(waiting)
        self._shares.charge(priority, 1.0)
        head = self._head(priority)
        assert head is not None
        rank, job = head
        del self._entries[job]
        return job, Standing(priority, rank)

    def precedes(self, standing: Standing) -> bool:
        """True if a job of the same priority waits and goes before one of this standing."""
        head = self._head(standing.priority)
        return head is not None and head[0] <= standing.rank

    def first(self, count: int) -> list[int]:
        """Return the ids of the next jobs, one priority after another."""
        return [job for each in Priority for job in self._first_of(each, count)][:count]

    def begin_reversal(self) -> None:
        """Begin to turn the order of ranks round, once an earlier turn is finished.

        `reverse_some` goes on with it. Jobs that are pushed meanwhile have turned ranks already.
        """
        assert not any(self._old_heaps.values()), "the order is being turned round"
        self._old_heaps, self._heaps = self._heaps, self._old_heaps

    def reverse_some(self) -> bool:
        """Turn a number of jobs round; False if none was left."""
        left = REVERSED_AT_ONCE
        for priority, heap in self._old_heaps.items():
            while heap and left:
                entry = heap.pop()  # the last one: what is left stays a heap
                left -= 1
                if self._waits(entry):
                    rank, job = entry
                    self.push(job, Standing(priority, -rank))
        return left < REVERSED_AT_ONCE

    def _waits(self, entry: _Entry) -> bool:
        return self._entries.get(entry[1]) is entry

    def _head(self, priority: Priority) -> _Entry | None:
        """The entry that comes next, with the rank of today's order."""
        if head := self._first_in(self._heaps[priority]):
            return head
        if head := self._first_in(self._old_heaps[priority]):
            rank, job = head
            self.push(job, Standing(priority, -rank))
            return self._entries[job]
        return None

    def _first_in(self, heap: list[_Entry]) -> _Entry | None:
        while heap and not self._waits(heap[0]):
            heapq.heappop(heap)
        return heap[0] if heap else None

    def _first_of(self, priority: Priority, count: int) -> Iterator[int]:
        # The first entries of a heap of any size are among its first 2^count - 1.
        head = self._heaps[priority][: 2 ** min(count, 12) - 1]
        return (job for _, job in heapq.nsmallest(count, filter(self._waits, head)))


class JobPlaces:
    """A number of places for each priority; the jobs that hold one, and those that wait."""

    def __init__(
        self, counts: Mapping[Priority, int], factor: Callable[[], float] = lambda: 1.0
    ) -> None:
        """`factor` tells how many times the counts there are now."""
        self._counts = counts
        self._factor = factor
        self._taken: Counter[Priority] = Counter()
        self._holders: dict[int, Priority] = {}
        self.waiting = WaitingJobs()

    def __contains__(self, job: int) -> bool:
        return job in self._holders

    @property
    def is_empty(self) -> bool:
        """True if no job waits here or holds a place."""
        return not (self._holders or self.waiting)

    def take(self, job: int, standing: Standing) -> bool:
        """Give a job a free place; False if there is none, or it is another's turn."""
        priority = standing.priority
        if priority not in self._free(ALL) or self.waiting.precedes(standing):
            return False
        self._hold(job, priority)
        return True

    def has_room(self, priorities: Collection[Priority]) -> bool:
        """True if a job waits for a place that is free."""
        return self.waiting.has(self._free(priorities))

    def take_next(self, priorities: Collection[Priority]) -> tuple[int, Standing] | None:
        """Give a free place to the next job that waits; None if there is none for it."""
        if (following := self.waiting.pop(self._free(priorities))) is not None:
            job, standing = following
            self._hold(job, standing.priority)
        return following

    def leave(self, job: int) -> None:
        """Free the place of a job, if it has one here."""
        priority = self._holders.pop(job, None)
        if priority is not None:
            self._taken[priority] -= 1

    def _hold(self, job: int, priority: Priority) -> None:
        self._holders[job] = priority
        self._taken[priority] += 1

    def _free(self, priorities: Collection[Priority]) -> set[Priority]:
        factor = self._factor()
        return {each for each in priorities if self._taken[each] < factor * self._counts[each]}

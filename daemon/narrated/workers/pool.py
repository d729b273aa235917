"""The daemon's workers: one for each specification, whatever happens to them."""

import asyncio
from collections.abc import Callable, Iterable, MutableMapping

from narrated.engines.interface import EngineInfo
from narrated.errors import EngineUnavailable
from narrated.workers.supervisor import WorkerSnapshot, WorkerSpec, WorkerState, WorkerSupervisor
from narrated.workers.worker import RequestResult, Worker

__all__ = [
    "EngineInfo",
    "RequestResult",
    "Worker",
    "WorkerPool",
    "WorkerSnapshot",
    "WorkerSpec",
    "WorkerState",
]


class WorkerPool:
    """Keeps a worker alive for each specification.

    `on_change` is called in the event loop whenever a worker came, left, or has a free row.
    `measured` is what models were seen to take; it outlives the workers, and grows by theirs.
    """

    def __init__(
        self,
        specs: Iterable[WorkerSpec],
        on_change: Callable[[], None],
        measured: MutableMapping[str, int] | None = None,
    ) -> None:
        self._on_change = on_change
        self._measured = {} if measured is None else measured
        self._specs = tuple(specs)
        self._seats: list[WorkerSupervisor] = []
        self._leaving: list[WorkerSupervisor] = []

    async def start(self) -> None:
        """Start all workers; they announce themselves in their own time."""
        await self.apply(self._specs)

    async def stop(self) -> None:
        """End all workers within two seconds; the futures of what is in flight are cancelled."""
        seats = [*self._seats, *self._leaving]
        self._seats, self._leaving = [], []
        await asyncio.gather(*(seat.close() for seat in seats))

    async def apply(self, specs: Iterable[WorkerSpec]) -> None:
        """Have these workers from now on; one whose specification stays the same stays warm.

        Returns at once: the others finish what they have in flight, and then make way.
        """
        wanted = {spec.name: spec for spec in specs}
        for seat in self._seats:
            seat.change(wanted.get(seat.name))
        self._leaving = [
            seat
            for seat in [*self._leaving, *self._seats]
            if seat.name not in wanted and not seat.is_empty
        ]
        self._seats = [seat for seat in self._seats if seat.name in wanted]
        there = {seat.name for seat in self._seats}
        for name, spec in wanted.items():
            if name not in there:
                seat = WorkerSupervisor(spec, self._on_change, self._measured)
                self._seats.append(seat)
                seat.open()

    @property
    def workers(self) -> list[Worker]:
        """Those that have announced themselves and take work."""
        return [seat.worker for seat in self._seats if seat.worker and seat.worker.takes_work]

    def states(self) -> list[WorkerSnapshot]:
        """How each worker fares."""
        return [seat.state() for seat in self._seats]

    def unavailable(self, engine: str) -> EngineUnavailable | None:
        """Why an engine is not to be had now; None while it is, or may be in a moment."""
        holding = [seat for seat in self._seats if seat.holds(engine)]
        if not holding:
            return EngineUnavailable(
                f"No worker holds the engine '{engine}'.", "Add it to the configuration."
            )
        problems = [seat.unavailable(engine) for seat in holding]
        return problems[0] if all(problems) else None

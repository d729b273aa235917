"""The daemon's workers: one process per specification, restarted when it is lost."""

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

    `on_change` is called in the event loop when a worker came or left, or has a free slot.
    `measured` holds the measured sizes of models, by key; workers add to it.
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
        self._supervisors: list[WorkerSupervisor] = []
        self._leaving: list[WorkerSupervisor] = []

    async def start(self) -> None:
        """Start all workers; they announce themselves later."""
        await self.apply(self._specs)

    async def stop(self) -> None:
        """End all workers within two seconds; the futures of requests in flight are cancelled."""
        supervisors = [*self._supervisors, *self._leaving]
        self._supervisors, self._leaving = [], []
        await asyncio.gather(*(supervisor.close() for supervisor in supervisors))

    async def apply(self, specs: Iterable[WorkerSpec]) -> None:
        """Change to these workers; one with an unchanged specification stays warm.

        Returns at once: the others finish their requests in flight, and then end.
        """
        wanted = {spec.name: spec for spec in specs}
        for supervisor in self._supervisors:
            supervisor.change(wanted.get(supervisor.name))
        self._leaving = [
            supervisor
            for supervisor in [*self._leaving, *self._supervisors]
            if supervisor.name not in wanted and not supervisor.is_empty
        ]
        self._supervisors = [
            supervisor for supervisor in self._supervisors if supervisor.name in wanted
        ]
        present = {supervisor.name for supervisor in self._supervisors}
        for name, spec in wanted.items():
            if name not in present:
                supervisor = WorkerSupervisor(spec, self._on_change, self._measured)
                self._supervisors.append(supervisor)
                supervisor.open()

    @property
    def workers(self) -> list[Worker]:
        """The workers that have announced themselves and accept requests."""
        return [
            supervisor.worker
            for supervisor in self._supervisors
            if supervisor.worker and supervisor.worker.takes_work
        ]

    def states(self) -> list[WorkerSnapshot]:
        """The state of each worker."""
        return [supervisor.state() for supervisor in self._supervisors]

    def unavailable(self, engine: str) -> EngineUnavailable | None:
        """The reason that an engine is not available; None if it is, or may be in a moment."""
        holding = [supervisor for supervisor in self._supervisors if supervisor.holds(engine)]
        if not holding:
            return EngineUnavailable(
                f"No worker has the engine '{engine}'.", "Add it to the configuration."
            )
        problems = [supervisor.unavailable(engine) for supervisor in holding]
        return problems[0] if all(problems) else None

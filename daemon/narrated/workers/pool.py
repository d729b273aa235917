"""The daemon's workers: one per specification, started again whenever it is lost."""

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Callable, Iterable, MutableMapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum

from narrated.backoff import Backoff
from narrated.engines.engine_info import EngineInfo
from narrated.engines.model_resources import ModelStatus
from narrated.engines.registry import EngineSpec
from narrated.errors import EngineNotHeld, EngineUnavailable
from narrated.workers.work_done import WorkDone
from narrated.workers.worker import Worker, WorkerSpec

_POLL_S = 0.2
_FIRST_DELAY_S = 0.1
_MOST_FAILED_STARTS = 3
_SERVED_WELL_S = 60.0
_EXIT_LIMIT_S = 1.0

logger = logging.getLogger("narrated.worker")


class WorkerState(StrEnum):
    """Stages of a worker's life."""

    STARTING = "starting"  # loading its engines for the first time
    READY = "ready"  # announced
    RESTARTING = "restarting"  # lost, and starting again
    UNLOADED = "unloaded"  # ended on purpose, until the pool is woken


@dataclass(frozen=True, slots=True)
class WorkerSnapshot:
    """The state of a worker at one moment."""

    name: str
    pid: int | None
    state: WorkerState
    engines: tuple[str, ...]
    """Names of the loaded engines."""
    restarts: int
    in_flight: int
    problem: str
    """Reason of its last loss, or engines that it could not load; empty if all is well."""
    missing: dict[str, str] = field(default_factory=dict)
    """Engines that it could not load, each with the reason."""
    models: tuple[ModelStatus, ...] = ()
    changes: int = 0
    """Number of changes of its engines or their voices."""
    box: str = ""
    """Name of the box that it runs on; empty for this machine."""
    done: WorkDone = field(default_factory=WorkDone)


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
        self._supervisors: dict[str, WorkerSupervisor] = {}
        self._leaving: list[WorkerSupervisor] = []
        self._is_stopped = False
        self.is_suspended = False
        """True between `suspend` and `wake`."""

    async def start(self) -> None:
        """Start all workers; they announce themselves later."""
        await self.apply(self._specs)

    async def stop(self) -> None:
        """End all workers within two seconds; the futures of requests in flight are cancelled."""
        self._is_stopped = True
        supervisors = [*self._supervisors.values(), *self._leaving]
        self._supervisors, self._leaving = {}, []
        await asyncio.gather(*(supervisor.close() for supervisor in supervisors))

    async def apply(self, specs: Iterable[WorkerSpec]) -> None:
        """Change to these workers; unchanged ones stay warm, others first finish their requests."""
        if self._is_stopped:  # a stop has overtaken a reload
            return
        wanted = {spec.name: spec for spec in specs}
        for name, supervisor in self._supervisors.items():
            supervisor.change(wanted.get(name))
        left = [each for name, each in self._supervisors.items() if name not in wanted]
        self._leaving = [each for each in (*self._leaving, *left) if not each.is_empty]
        self._supervisors = {
            name: self._supervisors.get(name)
            or WorkerSupervisor(spec, self._on_change, self._measured, self.is_suspended)
            for name, spec in wanted.items()
        }

    def suspend(self) -> None:
        """End all workers, each once its requests in flight are finished, until `wake`.

        Their processes hold the device, so nothing less lets go of it. Until they are back, the
        last announcement of each engine counts.
        """
        self.is_suspended = True
        for supervisor in self._supervisors.values():
            supervisor.suspend()

    def wake(self) -> None:
        """Start the workers again."""
        self.is_suspended = False
        for supervisor in self._supervisors.values():
            supervisor.wake()

    @property
    def workers(self) -> list[Worker]:
        """The workers that have announced themselves and accept requests."""
        workers = [supervisor.worker for supervisor in self._supervisors.values()]
        return [worker for worker in workers if worker is not None and worker.takes_work]

    def states(self) -> list[WorkerSnapshot]:
        """The state of each worker."""
        return [supervisor.state() for supervisor in self._supervisors.values()]

    def announced(self, engine: str) -> list[EngineInfo]:
        """Return the last announcement of an engine by each worker, in the order of the workers."""
        return [*self.announced_by(engine).values()]

    def announced_by(self, engine: str) -> dict[str, EngineInfo]:
        """Return the last announcement of an engine by each worker, by its name."""
        found = ((name, each.announced(engine)) for name, each in self._supervisors.items())
        return {name: info for name, info in found if info is not None}

    @property
    def engines(self) -> list[str]:
        """The names of all engines, sorted."""
        return sorted({spec.name for each in self._supervisors.values() for spec in each.engines})

    def last_announced(self) -> dict[str, EngineInfo]:
        """Return the last announcement of each engine, by name."""
        return {name: found[0] for name in self.engines if (found := self.announced(name))}

    def awaits(self, engine: str) -> bool:
        """True if a worker has yet to announce an engine, and may do so in a moment."""
        return any(supervisor.awaits(engine) for supervisor in self._supervisors.values())

    @property
    def revision(self) -> list[object]:
        """Another value whenever an engine or a voice came, went or changed."""
        return [supervisor.revision for supervisor in self._supervisors.values()]

    def unavailable(self, engine: str) -> EngineUnavailable | None:
        """The reason that an engine is not available; None if it is, or may be in a moment."""
        holding = [each for each in self._supervisors.values() if each.holds(engine)]
        if not holding:
            error = EngineNotHeld(
                f"No worker has the engine '{engine}'.",
                f"Add it to the configuration: engines: {{{engine}: {{}}}}",
            )
            error.engine = engine
            return error
        problems = [supervisor.unavailable(engine) for supervisor in holding]
        return problems[0] if all(problems) else None


class WorkerSupervisor:
    """Keeps one worker running: restarts it after a backoff, and changes its specification."""

    def __init__(
        self,
        spec: WorkerSpec,
        on_change: Callable[[], None],
        measured: MutableMapping[str, int],
        is_suspended: bool = False,
    ) -> None:
        self.worker: Worker | None = None
        # The device of a box is another one.
        self._measured = {} if spec.socket else measured
        self._spec = spec
        self._wanted = True
        self._on_change = on_change
        self._restarts = 0
        self._failed_starts = 0
        self._backoff = Backoff(_FIRST_DELAY_S, spec.start.longest_delay_s)
        self._problem = ""
        self._done = WorkDone()
        self._last_engines: dict[str, EngineInfo] = {}
        """The engines of its last worker, until the next one announces its own."""
        self._skip_wait = asyncio.Event()
        self._may_run = asyncio.Event()
        if not is_suspended:
            self._may_run.set()
        self._task = asyncio.create_task(self._run())

    async def close(self) -> None:
        """End the worker; the futures of its requests in flight are cancelled."""
        self._wanted = False
        if not self._task.cancelling():  # a second cancel would interrupt its clean-up
            self._task.cancel()
        await asyncio.wait({self._task})

    @property
    def is_empty(self) -> bool:
        """True if its last worker has ended, and none will follow."""
        return self._task.done()

    def change(self, spec: WorkerSpec | None) -> None:
        """Change to another worker, or none; the present one finishes its requests in flight."""
        if spec == self._spec:
            return
        earlier = self._spec
        self._wanted = spec is not None
        if not self._wanted:
            self._may_run.set()  # a suspended one ends as well
        self._spec = spec or self._spec
        self._failed_starts = 0
        self._backoff.reset()
        self._skip_wait.set()
        if self.worker is not None:
            # The running worker can change, so that models that both need stay warm.
            can_change = earlier.holds_models and self._spec.holds_models
            if spec is not None and can_change and earlier.start == spec.start:
                self.worker.change(spec)
            else:
                self.worker.drain()

    def suspend(self) -> None:
        """End the worker once its requests in flight are finished; start none until `wake`."""
        self._may_run.clear()
        if self.worker is not None:
            self.worker.drain()

    def wake(self) -> None:
        """Start the worker again, once the one that was suspended has ended."""
        self._may_run.set()

    @property
    def engines(self) -> tuple[EngineSpec, ...]:
        """The engines in the specification."""
        return self._spec.engines

    def holds(self, engine: str) -> bool:
        """True if this engine is in the specification."""
        return any(spec.name == engine for spec in self._spec.engines)

    def announced(self, engine: str) -> EngineInfo | None:
        """The last announcement of an engine; None if there is none, or it is unavailable."""
        if not self.holds(engine) or self.unavailable(engine):
            return None
        return self._engines.get(engine)

    def awaits(self, engine: str) -> bool:
        """True if its worker has yet to announce an engine, and may do so in a moment."""
        return self.holds(engine) and not (self.unavailable(engine) or self._engines.get(engine))

    @property
    def revision(self) -> tuple[object, ...]:
        """Another value whenever one of its engines or voices came, went or changed."""
        missing = self.worker.missing if self.worker is not None else {}
        return self._spec, self._failed_starts >= _MOST_FAILED_STARTS, self._engines, missing

    @property
    def _engines(self) -> dict[str, EngineInfo]:
        has_announced = self.worker is not None and self.worker.announced
        return self.worker.engines if self.worker and has_announced else self._last_engines

    def unavailable(self, engine: str) -> EngineUnavailable | None:
        """The reason that an engine is not available; None if it is, or may be in a moment."""
        if self.worker is not None and self.worker.announced:
            return self.worker.missing.get(engine)
        if self._failed_starts < _MOST_FAILED_STARTS:
            return None
        return EngineUnavailable(
            f"The worker {self._spec.name} does not start: {self._problem}",
            "Run `narrated doctor`. The start is retried meanwhile.",
        )

    def state(self) -> WorkerSnapshot:
        """The state of its worker."""
        worker = self.worker
        missing = {name: str(e) for name, e in worker.missing.items()} if worker else {}
        state = self._stage()
        return WorkerSnapshot(
            name=self._spec.name,
            pid=worker.pid if worker else None,
            state=state,
            engines=tuple(worker.engines) if worker else (),
            restarts=self._restarts,
            in_flight=worker.in_flight() if worker else 0,
            problem=" ".join(missing.values()) if state is WorkerState.READY else self._problem,
            missing=missing,
            models=worker.models() if worker else (),
            changes=worker.changes if worker else 0,
            box=self._spec.name if self._spec.socket else "",
            done=replace(self._done),
        )

    def _stage(self) -> WorkerState:
        if self.worker and self.worker.announced:
            return WorkerState.READY
        if not (self.worker or self._may_run.is_set()):
            return WorkerState.UNLOADED
        return WorkerState.RESTARTING if self._restarts else WorkerState.STARTING

    async def _run(self) -> None:
        while await self._may_run.wait() and self._wanted:
            self._problem = await self._run_worker() or ""
            self._on_change()
            if self._problem and self._wanted:
                self._restarts += 1
                self._skip_wait.clear()
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(self._skip_wait.wait(), self._backoff.next_s())

    async def _run_worker(self) -> str | None:
        """Run one worker to its end; returns the reason, None if it was told to leave."""
        spec = self._spec
        try:
            child = await spec.start.start(spec.name, holds_models=spec.holds_models)
        except OSError as error:
            self._failed_starts = _MOST_FAILED_STARTS
            return spec.start.refusal(error)
        may_run = self._wanted and self._may_run.is_set()
        if self._spec.start != spec.start or not may_run:
            await child.ended()  # the specification changed meanwhile, or it was suspended
            return None
        worker = self.worker = Worker(
            child, self._spec, self._on_change, self._measured, self._done
        )
        begin = asyncio.get_running_loop().time()
        try:
            reason = await worker.serve()
        except asyncio.CancelledError:
            worker.abandon()
            raise
        finally:
            how = await child.ended(_EXIT_LIMIT_S)
            self._last_engines = self._engines
            self.worker = None
        if reason is None:
            return None
        worker.lose(reason or how)
        self._update_backoff(worker, asyncio.get_running_loop().time() - begin)
        logger.warning("The worker %s (%d) %s.", spec.name, child.pid, reason or how)
        return " ".join([f"it {reason or how}.", *child.last_lines[-1:]])

    def _update_backoff(self, worker: Worker, lived_s: float) -> None:
        self._failed_starts = 0 if worker.announced else self._failed_starts + 1
        if worker.finished or (worker.announced and lived_s >= _SERVED_WELL_S):
            self._backoff.reset()


@dataclass(frozen=True, slots=True)
class EngineProbe:
    """The engines that answered, by name, and the state of each worker."""

    engines: dict[str, EngineInfo]
    workers: list[WorkerSnapshot]
    lasting_break: str = ""
    """The break in which no engine works, as a sentence; empty if there is none."""


def probe_engines(specs: Sequence[WorkerSpec], measured: MutableMapping[str, int]) -> EngineProbe:
    """Start short-lived workers that warm no model, and collect their announcements."""
    return asyncio.run(_probe(specs, measured))


async def _probe(specs: Sequence[WorkerSpec], measured: MutableMapping[str, int]) -> EngineProbe:
    async with probing_pool(specs, measured) as pool:
        names = dict.fromkeys(engine.name for spec in specs for engine in spec.engines)
        loaded = {name: found[0] for name in names if (found := pool.announced(name))}
        return EngineProbe(loaded, pool.states())


@contextlib.asynccontextmanager
async def probing_pool(
    specs: Sequence[WorkerSpec], measured: MutableMapping[str, int]
) -> AsyncIterator[WorkerPool]:
    """Yield a pool of short-lived workers that warm no model, once each has announced itself."""
    changed = asyncio.Event()
    idle = [replace(spec, resources=replace(spec.resources, warms_at_once=False)) for spec in specs]
    pool = WorkerPool(idle, changed.set, measured)
    await pool.start()
    try:
        # A worker that does not load gives up by itself, within `workers: load`.
        while any(state.state == "starting" for state in pool.states()):
            changed.clear()
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(changed.wait(), _POLL_S)
        yield pool
    finally:
        await pool.stop()

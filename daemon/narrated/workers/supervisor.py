"""Supervises one worker: starts it again, after a backoff, whenever it is lost."""

import asyncio
import contextlib
import logging
import sys
from collections.abc import Callable, Mapping, MutableMapping
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from typing import Any

from narrated.backoff import Backoff
from narrated.engines.engine_spec import EngineSpec
from narrated.engines.model_interface import ModelResources, ModelStatus
from narrated.errors import EngineUnavailable
from narrated.workers.child import ChildProcess
from narrated.workers.worker import Worker

FIRST_DELAY_S = 0.1
LONGEST_DELAY_S = 60.0

_HOST = "narrated.workers.host"
_MOST_FAILED_STARTS = 3
_SERVED_WELL_S = 60.0
_EXIT_LIMIT_S = 1.0

logger = logging.getLogger("narrated.worker")


@dataclass(frozen=True, slots=True)
class WorkerSpec:
    """Specifies a worker: an interpreter, and the engines that it keeps warm."""

    name: str
    python: str
    """Path of its interpreter; empty for the daemon's own."""
    engines: tuple[EngineSpec, ...]
    home: ModelResources = field(default_factory=ModelResources)
    """The folder of its models, and their memory limit."""
    silence_s: float = 60.0
    """A worker with requests in flight that is silent for longer hangs."""
    load_s: float = 600.0
    """Time limit for loading its engines."""
    again_s: float = 60.0
    """Pause before it tries again to load an unavailable engine."""

    @property
    def holds_models(self) -> bool:
        """True if it holds the engines with models."""
        return any(engine.holds_models for engine in self.engines)

    def load_frame(self, known: Mapping[str, int]) -> dict[str, Any]:
        """Build the frame that tells the worker its engines, and sizes measured before."""
        return {
            "load": {
                "engines": [asdict(engine) for engine in self.engines],
                "home": asdict(self.home),
                "known": dict(known),
                "again_s": self.again_s,
            }
        }


class WorkerState(StrEnum):
    """Stages of a worker's life."""

    STARTING = "starting"  # loading its engines for the first time
    READY = "ready"  # announced
    RESTARTING = "restarting"  # lost, and starting again


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


class WorkerSupervisor:
    """Keeps one worker running, and its specification up to date."""

    def __init__(
        self,
        spec: WorkerSpec,
        on_change: Callable[[], None],
        measured: MutableMapping[str, int],
    ) -> None:
        """`measured`: measured sizes of models, by key; the worker's are added."""
        self.name = spec.name
        self._measured = measured
        self.worker: Worker | None = None
        self._spec = spec
        self._wanted = True
        self._on_change = on_change
        self._restarts = 0
        self._failed_starts = 0
        self._backoff = Backoff(FIRST_DELAY_S, LONGEST_DELAY_S)
        self._problem = ""
        self._skip_wait = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    def open(self) -> None:
        """Start the worker, and restart it whenever it is lost."""
        self._task = asyncio.create_task(self._run())

    async def close(self) -> None:
        """End the worker; the futures of its requests in flight are cancelled."""
        self._wanted = False
        if self._task is not None:
            if not self._task.cancelling():  # a second cancel would interrupt its clean-up
                self._task.cancel()
            await asyncio.wait({self._task})

    @property
    def is_empty(self) -> bool:
        """True if its last worker has ended, and none will follow."""
        return self._task is None or self._task.done()

    def change(self, spec: WorkerSpec | None) -> None:
        """Change to another worker, or none; the present one finishes its requests in flight."""
        if spec == self._spec:
            return
        earlier = self._spec
        self._wanted = spec is not None
        self._spec = spec or self._spec
        self._failed_starts = 0
        self._backoff.reset()
        self._skip_wait.set()
        if self.worker is not None:
            if spec is not None and _stays_warm(earlier, spec):
                self.worker.change(spec.load_frame(self._measured), spec.silence_s, spec.load_s)
            else:
                self.worker.drain()

    def holds(self, engine: str) -> bool:
        """True if this engine is in the specification."""
        return any(spec.name == engine for spec in self._spec.engines)

    def unavailable(self, engine: str) -> EngineUnavailable | None:
        """The reason that an engine is not available; None if it is, or may be in a moment."""
        if self.worker is not None and self.worker.announced:
            return self.worker.missing.get(engine)
        if self._failed_starts < _MOST_FAILED_STARTS:
            return None
        return EngineUnavailable(
            f"The worker {self.name} does not start: {self._problem}",
            "Run `narrated doctor`. The start is retried meanwhile.",
        )

    def state(self) -> WorkerSnapshot:
        """The state of its worker."""
        worker = self.worker
        ready = worker is not None and worker.announced
        missing = [str(error) for error in worker.missing.values()] if worker else []
        return WorkerSnapshot(
            name=self.name,
            pid=worker.pid if worker else None,
            state=WorkerState.READY
            if ready
            else WorkerState.RESTARTING
            if self._restarts
            else WorkerState.STARTING,
            engines=tuple(worker.engines) if worker else (),
            restarts=self._restarts,
            in_flight=worker.in_flight() if worker else 0,
            problem=" ".join(missing) if ready else self._problem,
            missing={name: str(e) for name, e in worker.missing.items()} if worker else {},
            models=worker.models() if worker else (),
            changes=worker.changes if worker else 0,
        )

    async def _run(self) -> None:
        while self._wanted:
            self._problem = await self._run_worker() or ""
            self._on_change()
            if self._problem and self._wanted:
                self._restarts += 1
                await self._wait()

    async def _run_worker(self) -> str | None:
        """Run one worker to its end; returns the reason, None if it was told to leave."""
        spec = self._spec
        try:
            child = await ChildProcess.start(spec.name, _HOST, python=spec.python)
        except OSError as error:
            self._failed_starts = _MOST_FAILED_STARTS
            return f"its interpreter {spec.python or sys.executable} cannot be run ({error})."
        if self._spec.python != spec.python or not self._wanted:
            await child.ended()  # the specification changed meanwhile
            return None
        spec = self._spec
        worker = self.worker = Worker(
            child, spec.silence_s, spec.load_s, self._on_change, self._measured
        )
        child.send(spec.load_frame(self._measured))
        begin = asyncio.get_running_loop().time()
        try:
            reason = await worker.serve()
        except asyncio.CancelledError:
            worker.abandon()
            raise
        finally:
            how = await child.ended(_EXIT_LIMIT_S)
            self.worker = None
        if reason is None:
            return None
        worker.lose(reason or how)
        lived_s = asyncio.get_running_loop().time() - begin
        self._update_backoff(worker, lived_s)
        logger.warning("The worker %s (%d) %s.", spec.name, child.pid, reason or how)
        return " ".join([f"it {reason or how}.", *child.last_lines[-1:]])

    def _update_backoff(self, worker: Worker, lived_s: float) -> None:
        """Count starts without an announcement; reset the backoff after good service."""
        self._failed_starts = 0 if worker.announced else self._failed_starts + 1
        if worker.finished or (worker.announced and lived_s >= _SERVED_WELL_S):
            self._backoff.reset()

    async def _wait(self) -> None:
        self._skip_wait.clear()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(self._backoff.next_s()):
                await self._skip_wait.wait()


def _stays_warm(earlier: WorkerSpec, spec: WorkerSpec) -> bool:
    """True if the running worker can change, so that models that both need stay warm."""
    return earlier.python == spec.python and earlier.holds_models and spec.holds_models

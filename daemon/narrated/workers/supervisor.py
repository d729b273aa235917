"""One worker's place: it is filled again whenever the worker in it is lost."""

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
_HOPELESS_STARTS = 3
_SERVED_WELL_S = 60.0
_PATIENCE_S = 1.0

logger = logging.getLogger("narrated.worker")


@dataclass(frozen=True, slots=True)
class WorkerSpec:
    """A worker: an interpreter and the engines that it keeps warm."""

    name: str
    python: str
    """Path of its interpreter; empty for the daemon's own."""
    engines: tuple[EngineSpec, ...]
    home: ModelResources = field(default_factory=ModelResources)
    """Where its models live, and what they may take."""
    silence_s: float = 60.0
    """A worker with rows in flight that says nothing for longer hangs."""
    load_s: float = 600.0
    """How long loading its engines may take."""
    again_s: float = 60.0
    """How often, while idle, it tries to load an engine that was not to be had."""

    @property
    def holds_models(self) -> bool:
        """Whether it is the one whose models are to stay warm."""
        return any(engine.holds_models for engine in self.engines)

    def wish(self, known: Mapping[str, int]) -> dict[str, Any]:
        """The frame that tells its worker what to load, and what was measured before."""
        return {
            "load": {
                "engines": [asdict(engine) for engine in self.engines],
                "home": asdict(self.home),
                "known": dict(known),
                "again_s": self.again_s,
            }
        }


class WorkerState(StrEnum):
    """How far a worker is."""

    STARTING = "starting"  # loading its engines for the first time
    READY = "ready"  # announced
    RESTARTING = "restarting"  # lost, and coming again


@dataclass(frozen=True, slots=True)
class WorkerSnapshot:
    """How a worker fares."""

    name: str
    pid: int | None
    state: WorkerState
    engines: tuple[str, ...]
    """Those that it has loaded."""
    restarts: int
    in_flight: int
    problem: str
    """Why it was last lost, or what it could not load; empty when all is well."""
    missing: dict[str, str] = field(default_factory=dict)
    """Engines that it could not load, with the reason of each."""
    models: tuple[ModelStatus, ...] = ()
    changes: int = 0
    """How often its engines, or their voices, became others."""


class WorkerSupervisor:
    """Keeps one worker running, and its specification up to date."""

    def __init__(
        self,
        spec: WorkerSpec,
        on_change: Callable[[], None],
        measured: MutableMapping[str, int],
    ) -> None:
        """`measured`: what models were seen to take, by key; what is learnt is put there."""
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
        self._hurry = asyncio.Event()
        self._keeping: asyncio.Task[None] | None = None

    def open(self) -> None:
        """Start the worker, and whatever follows it."""
        self._keeping = asyncio.create_task(self._keep())

    async def close(self) -> None:
        """End the worker; the futures of what it has in flight are cancelled."""
        self._wanted = False
        if self._keeping is not None:
            if not self._keeping.cancelling():  # twice would interrupt its own ending
                self._keeping.cancel()
            await asyncio.wait({self._keeping})

    @property
    def is_empty(self) -> bool:
        """Whether its last worker has left and none will follow."""
        return self._keeping is None or self._keeping.done()

    def change(self, spec: WorkerSpec | None) -> None:
        """Want another worker here, or none; the present one finishes what it has in flight."""
        if spec == self._spec:
            return
        earlier = self._spec
        self._wanted = spec is not None
        self._spec = spec or self._spec
        self._failed_starts = 0
        self._backoff.reset()
        self._hurry.set()
        if self.worker is not None:
            if spec is not None and _stays_warm(earlier, spec):
                self.worker.change(spec.wish(self._measured), spec.silence_s, spec.load_s)
            else:
                self.worker.drain()

    def holds(self, engine: str) -> bool:
        """Whether its worker is to load this engine."""
        return any(spec.name == engine for spec in self._spec.engines)

    def unavailable(self, engine: str) -> EngineUnavailable | None:
        """Why an engine is not to be had here; None while it is, or may be in a moment."""
        if self.worker is not None and self.worker.announced:
            return self.worker.missing.get(engine)
        if self._failed_starts < _HOPELESS_STARTS:
            return None
        return EngineUnavailable(
            f"The worker {self.name} does not start: {self._problem}",
            "Run `narrated doctor`; it is tried again all the while.",
        )

    def state(self) -> WorkerSnapshot:
        """How its worker fares."""
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

    async def _keep(self) -> None:
        while self._wanted:
            self._problem = await self._one_life() or ""
            self._on_change()
            if self._problem and self._wanted:
                self._restarts += 1
                await self._wait()

    async def _one_life(self) -> str | None:
        """Start a worker and serve it to its end; why it ended, None where it was to."""
        spec = self._spec
        try:
            child = await ChildProcess.start(spec.name, _HOST, python=spec.python)
        except OSError as error:
            self._failed_starts = _HOPELESS_STARTS
            return f"its interpreter {spec.python or sys.executable} cannot be run ({error})."
        if self._spec.python != spec.python or not self._wanted:
            await child.ended()  # another was wished for while it started
            return None
        spec = self._spec
        worker = self.worker = Worker(
            child, spec.silence_s, spec.load_s, self._on_change, self._measured
        )
        child.send(spec.wish(self._measured))
        begin = asyncio.get_running_loop().time()
        try:
            reason = await worker.serve()
        except asyncio.CancelledError:
            worker.abandon()
            raise
        finally:
            how = await child.ended(_PATIENCE_S)
            self.worker = None
        if reason is None:
            return None
        worker.lose(reason or how)
        lived_s = asyncio.get_running_loop().time() - begin
        self._judge(worker, lived_s)
        logger.warning("The worker %s (%d) %s.", spec.name, child.pid, reason or how)
        return " ".join([f"it {reason or how}.", *child.last_lines[-1:]])

    def _judge(self, worker: Worker, lived_s: float) -> None:
        """One that never announces is hopeless at last; one that has served well is forgiven."""
        self._failed_starts = 0 if worker.announced else self._failed_starts + 1
        if worker.finished or (worker.announced and lived_s >= _SERVED_WELL_S):
            self._backoff.reset()

    async def _wait(self) -> None:
        self._hurry.clear()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(self._backoff.next_s()):
                await self._hurry.wait()


def _stays_warm(earlier: WorkerSpec, spec: WorkerSpec) -> bool:
    """Whether the worker itself changes over, so that models which stay the same stay warm."""
    return earlier.python == spec.python and earlier.holds_models and spec.holds_models

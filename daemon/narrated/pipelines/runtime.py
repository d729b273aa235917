"""Run engines in the caller's process: one memory budget, and one engine at a time."""

from collections import deque
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from threading import Lock
from typing import Self

from narrated.engines.interface import (
    CaptionResult,
    Engine,
    HearingResult,
    ProgressReport,
    Request,
    RequestFailure,
    SpeechResult,
)
from narrated.engines.model_resources import ModelResources
from narrated.engines.registry import EngineSpec, load
from narrated.errors import EngineError, EngineUnavailable, NarratedError, OutOfMemory
from narrated.workers.model_memory_budget import ModelMemoryBudget

Finished = SpeechResult | CaptionResult | HearingResult


class EngineRuntime:
    """Holds engines and their models, and steps them; the in-process form of a worker."""

    def __init__(self, resources: ModelResources) -> None:
        self._memory = ModelMemoryBudget(resources)
        self._lock = Lock()
        self._loaded: set[Engine] = set()

    @property
    def models(self) -> Path:
        """The folder of its engines' models."""
        return self._memory.models

    def load_engine(self, spec: EngineSpec) -> Engine:
        """Load an engine, and warm its models if they fit next to the others'.

        Raises EngineError for unknown options, EngineUnavailable if the engine or its model is
        missing.
        """
        with self._lock:
            engine = load(spec, self._memory)
            self._memory.add_engine(engine)
            with ExitStack() as undo:
                undo.callback(self._memory.remove_engine, engine)
                try:
                    self._memory.warm_up(engine)
                except OutOfMemory:
                    self._memory.rest(engine)  # a later request may evict others
                undo.pop_all()
            self._loaded.add(engine)
            return engine

    def unload(self, engine: Engine) -> None:
        """Unload an engine, and the models that no other engine uses."""
        with self._lock:
            self._loaded.remove(engine)
            self._memory.remove_engine(engine)

    def run(self, engine: Engine, name: str, requests: Sequence[Request]) -> list[Finished]:
        """Run requests in batches of the engine's size; results are in the requests' order.

        The first failed request ends all: its EngineError or EngineUnavailable is raised. Raises
        OutOfMemory if one request alone does not fit, DeviceLost if only a fresh process can go
        on, and NarratedError if the engine was unloaded, even while this call waited.
        """
        with self._lock:
            if engine not in self._loaded:
                raise _closed(name)
            try:
                return self._run(engine, name, requests)
            finally:
                self._memory.at_rest(engine)

    def _run(self, engine: Engine, name: str, requests: Sequence[Request]) -> list[Finished]:
        waiting = deque(requests)
        in_flight: set[str] = set()
        finished: dict[str, Finished] = {}
        failed: list[RequestFailure] = []
        try:
            while (waiting or in_flight) and not failed:
                while waiting and len(in_flight) < engine.rows:
                    engine.admit(waiting[0])
                    in_flight.add(waiting.popleft().id)
                for outcome in self._memory.step(engine, name) or ():
                    if isinstance(outcome, RequestFailure):
                        failed.append(outcome)
                    elif not isinstance(outcome, ProgressReport):
                        finished[outcome.id] = outcome
                in_flight -= finished.keys() | {each.id for each in failed}
        finally:
            for id in in_flight:
                engine.cancel(id)
        if failed:
            error = EngineUnavailable if failed[0].unavailable else EngineError
            raise error(failed[0].problem, failed[0].remedy)
        return [finished[request.id] for request in requests]


class EnginePipeline:
    """An engine loaded into a runtime until closed; any thread may call it."""

    def __init__(self, runtime: EngineRuntime, spec: EngineSpec) -> None:
        self.runtime = runtime
        self.name = spec.name
        """The engine's name, or the model's if the caller named a model."""
        self._engine: Engine | None = runtime.load_engine(spec)

    def close(self) -> None:
        """Free the models; later calls raise NarratedError. Closing twice does no harm."""
        engine, self._engine = self._engine, None
        if engine is not None:
            self.runtime.unload(engine)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def engine(self) -> Engine:
        """The engine; raises NarratedError once closed."""
        if self._engine is None:
            raise _closed(self.name)
        return self._engine

    def _run(self, requests: Sequence[Request]) -> list[Finished]:
        return self.runtime.run(self.engine, self.name, requests)


def _closed(name: str) -> NarratedError:
    return NarratedError(f"The pipeline of {name} was closed.", "Make another.")

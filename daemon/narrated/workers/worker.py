"""A live worker, seen from the daemon: its engines, and its requests in flight."""

import asyncio
import logging
from collections.abc import Callable, Mapping, MutableMapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any, ClassVar

from narrated.audio.take_header import HEAD_BYTES, length_in
from narrated.engines.engine_info import EngineInfo
from narrated.engines.model_resources import ModelResources, ModelStatus
from narrated.engines.registry import EngineSpec
from narrated.errors import (
    BoxLost,
    EngineError,
    EngineUnavailable,
    FailedAmongOthers,
    RequestNotBegun,
    WorkerLost,
)
from narrated.workers.protocol import BadFrame
from narrated.workers.work_done import WorkDone
from narrated.workers.worker_start import BoxStart, ChildStart, WorkerProcess

_LINES_TOLD = 3

logger = logging.getLogger("narrated.worker")


@dataclass(frozen=True, slots=True)
class WorkerSpec:
    """Specifies a worker: where it runs, and the engines that it keeps warm."""

    name: str
    python: str
    """Path of its interpreter, as a child process; empty for the daemon's own."""
    engines: tuple[EngineSpec, ...]
    resources: ModelResources = field(default_factory=ModelResources)
    """The folder of its models, and their memory limit."""
    silence_s: float = 60.0
    """A worker with requests in flight that is silent for longer hangs."""
    load_s: float = 600.0
    """Time limit for loading its engines."""
    again_s: float = 60.0
    """Pause before it tries again to load an unavailable engine."""
    socket: str = ""
    """Path of the socket that leads to its box; empty for a child process."""

    @property
    def start(self) -> ChildStart | BoxStart:
        """The way in which it starts."""
        if not self.socket:
            return ChildStart(self.python)
        return BoxStart(self.socket, self.resources.voices)

    @property
    def holds_models(self) -> bool:
        """True if it holds the engines with models."""
        return any(engine.holds_models for engine in self.engines)


@dataclass(frozen=True, slots=True)
class RequestResult:
    """The result of a request: `elapsed_s`, the `identity` of the engine that did it, and
    `sample_rate` with PCM as the payload, or `text`, of a hearing engine with its `score`. With
    the PCM may come the `sentences`, `words`, `ended` and `tokens` that the engine told, unchecked.
    With `flac`, which a box answers if it is asked so, the payload is FLAC of that PCM.
    """

    header: Mapping[str, Any]
    payload: bytes

    @property
    def is_flac(self) -> bool:
        """True if the payload is FLAC."""
        return bool(self.header.get("flac"))

    @property
    def duration_s(self) -> float:
        """The seconds of its sound, as FLAC's header tells them. Errors: StorageError."""
        if self.is_flac:
            return length_in(self.payload[:HEAD_BYTES], Path("take"))[1]
        return len(self.payload) / 2 / int(self.header["sample_rate"])


@dataclass(slots=True, eq=False)
class _InFlightRequest:
    engine: str
    future: asyncio.Future[RequestResult]
    on_progress: Callable[[float], None] | None
    on_begun: Callable[[], None]
    begun_s: float = 0.0
    """When an engine took it, after which it is blamed if the worker dies; 0 until then."""

    @property
    def is_begun(self) -> bool:
        """True once an engine has it."""
        return bool(self.begun_s)


class Worker:
    """Takes requests by `submit`; each answer settles a future.

    `on_change` is called whenever engines were announced or a slot came free.
    """

    def __init__(
        self,
        child: WorkerProcess,
        spec: WorkerSpec,
        on_change: Callable[[], None],
        measured: MutableMapping[str, int],
        work_done: WorkDone,
    ) -> None:
        self.engines: dict[str, EngineInfo] = {}
        self.missing: dict[str, EngineUnavailable] = {}
        self._models: list[ModelStatus] = []
        self._models_at = 0.0
        self.pid = child.pid
        self.announced = False
        self.finished = 0
        """Number of requests that it finished, failed ones included."""
        self.changes = 0
        """Number of changes of its engines or their voices."""
        self._child = child
        self._on_change = on_change
        self._measured = measured
        self._work_done = work_done
        work_done.place = child.place
        self._requests: dict[str, _InFlightRequest] = {}
        self._submitted = 0
        self._loading = True
        self._leaving = False
        self._lost = False
        self._verdict = ""
        self._loop = asyncio.get_running_loop()
        self._heard_at = self._loop.time()
        self.change(spec)

    @property
    def takes_work(self) -> bool:
        """True if it has announced itself, and is not leaving."""
        return self.announced and not self._leaving and not self._lost

    def models(self) -> tuple[ModelStatus, ...]:
        """The state of its models, as it reported last."""
        age_s = self._loop.time() - self._models_at
        return tuple(
            replace(each, idle_s=None if each.idle_s is None else each.idle_s + age_s)
            for each in self._models
        )

    def in_flight(self, engine: str | None = None) -> int:
        """Count the requests in flight of an engine, or of all."""
        return sum(engine in (None, request.engine) for request in self._requests.values())

    def free_slots(self, engine: str) -> int:
        """Count the requests that an engine can take now; 0 if it is not loaded here."""
        if not self.takes_work or engine not in self.engines:
            return 0
        return max(0, self.engines[engine].rows - self.in_flight(engine))

    def submit(
        self,
        engine: str,
        header: Mapping[str, Any],
        payload: bytes = b"",
        on_progress: Callable[[float], None] | None = None,
        *,
        tag: float = 0.0,
        on_begun: Callable[[], None] = lambda: None,
    ) -> asyncio.Future[RequestResult]:
        """Send a request: text, voice, options, language, seed; a picture as the payload; or PCM
        as the payload, with sample_rate and language.

        If the voice no longer has the digest `voice_digest`, the request is refused. Of requests
        that wait at the worker the one of the lowest `tag` is begun first, and `on_begun` called.

        The future raises EngineError or EngineUnavailable if the engine cannot do it,
        FailedAmongOthers if another request of the same step may be the cause, and WorkerLost if
        the worker died or hung with this in flight, RequestNotBegun if no engine had begun it. To
        cancel the request, cancel the future; its slot is free once the worker has confirmed.
        """
        future: asyncio.Future[RequestResult] = self._loop.create_future()
        self._submitted += 1
        id = str(self._submitted)
        if self._lost:
            future.set_exception(WorkerLost("The worker had ended before."))
            return future
        try:
            admit = {**header, "id": id, "engine": engine, "tag": tag}
            self._child.send({"admit": admit}, payload)
        except BadFrame as error:
            future.set_exception(EngineError(error.problem, "Make the text or picture smaller."))
            return future
        if not self._requests:
            self._heard_at = self._loop.time()
        self._requests[id] = _InFlightRequest(engine, future, on_progress, on_begun)
        future.add_done_callback(lambda settled: self._on_settled(id, settled))
        return future

    def recall(self, answer: asyncio.Future[RequestResult]) -> None:
        """Ask a request back: unless it is begun meanwhile, its future raises RequestNotBegun."""
        for id, request in self._requests.items():
            if request.future is answer and not self._lost:
                self._child.send({"recall": {"id": id}})

    def change(self, spec: WorkerSpec) -> None:
        """Change its engines or its budget; models that both need stay warm."""
        self._spec = spec
        engines = [asdict(engine) for engine in spec.engines]
        load = {"engines": engines, "resources": asdict(spec.resources), "again_s": spec.again_s}
        self._child.send({"load": {**load, "known": dict(self._measured)}})

    def drain(self) -> None:
        """Accept no more requests, and end when those in flight are finished."""
        self._leaving = True
        self._leave_if_done()

    async def serve(self) -> str | None:
        """Receive until it ends. Returns why: "" if its exit code tells, None if told to leave."""
        watch = asyncio.create_task(self._watch())
        try:
            while (frame := await self._child.receive()) is not None:
                self._handle(*frame)
        except BadFrame as error:
            self._give_up(f"sent a broken frame ({error.problem})")
        finally:
            watch.cancel()
            self._lost = True
        if self._leaving and not self._requests:
            return None
        return self._verdict

    def lose(self, how: str) -> None:
        """Fail the requests in flight; the error tells how the worker ended and its last output."""
        self._lost = True
        problem = f"The worker {self._child.name} ({self.pid}) {how}."
        if said := " / ".join(self._child.last_lines[-_LINES_TOLD:]):
            problem = f"{problem} It last wrote: {said}"
        # One that hung, or sent nonsense, was reached.
        is_cut_off = self._child.is_lost and not self._verdict
        for request in self._requests.values():
            if not request.future.done():
                kind = WorkerLost if request.is_begun else RequestNotBegun
                request.future.set_exception((BoxLost if is_cut_off else kind)(problem))
        self._requests = {}

    def abandon(self) -> None:
        """Cancel the requests in flight."""
        self._lost = True
        for request in self._requests.values():
            request.future.cancel()
        self._requests = {}

    async def _watch(self) -> None:
        """Kill the worker if it is silent for too long; a long request that reports is no hang."""
        while True:
            limit_s = self._spec.load_s if self._loading else self._spec.silence_s
            silent_s = self._loop.time() - self._heard_at
            busy = self._loading or bool(self._requests)
            if busy and silent_s >= limit_s:
                doing = "loading" if self._loading else "working"
                self._give_up(f"said nothing for {limit_s:g} s while {doing}")
                return
            # Never longer than `silence_s`: it may finish loading meanwhile.
            left_s = limit_s - silent_s if busy else self._spec.silence_s
            await asyncio.sleep(min(left_s, self._spec.silence_s))

    def _give_up(self, verdict: str) -> None:
        self._verdict = f"{verdict} and was killed"
        self._child.kill()

    def _handle(self, header: dict[str, Any], payload: bytes) -> None:
        try:
            ((verb, body),) = header.items()
            self._handlers[verb](self, body, payload)
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise BadFrame(f"{type(error).__name__}: {error}") from error
        if not self._loading:
            self._heard_at = self._loop.time()

    def _on_loading(self, name: str, _payload: bytes) -> None:
        logger.debug("%s (%d) loads %s", self._child.name, self.pid, name)
        self._expect_silence()

    def _on_warming(self, model: str, _payload: bytes) -> None:
        logger.info("%s (%d) warms %s", self._child.name, self.pid, model)
        self._expect_silence()

    def _expect_silence(self) -> None:
        """Expect a long silence, until the next hello."""
        self._loading = True
        self._heard_at = self._loop.time()

    def _on_hello(self, body: dict[str, Any], _payload: bytes) -> None:
        before, self.engines, self.missing = self.engines, {}, {}
        for entry in body["engines"]:
            name = entry["name"]
            if unavailable := entry.get("unavailable"):
                self.missing[name] = EngineUnavailable(**unavailable)
            else:
                self.engines[name] = EngineInfo(**entry)
        self.changes += self.engines != before
        self._loading = False
        self.announced = True
        self._on_change()

    def _on_models(self, body: dict[str, Any], _payload: bytes) -> None:
        self._models = [
            ModelStatus(**{**each, "engines": tuple(each["engines"])}) for each in body["models"]
        ]
        self._models_at = self._loop.time()
        for key, size in body["measured"].items():
            if self._measured.get(key) != size:
                self._measured[key] = int(size)

    def _on_leaving(self, why: str, _payload: bytes) -> None:
        logger.info("%s (%d) is replaced by a new process: %s", self._child.name, self.pid, why)
        self.drain()

    def _on_begun(self, body: dict[str, Any], _payload: bytes) -> None:
        request = self._requests[body["id"]]
        request.begun_s = self._loop.time()
        self._loop.call_soon(request.on_begun)

    def _on_returned(self, body: dict[str, Any], _payload: bytes) -> None:
        request = self._finish(body["id"])
        if not request.future.done():
            request.future.set_exception(RequestNotBegun("The worker gave it back."))

    def _on_progress(self, body: dict[str, Any], _payload: bytes) -> None:
        request = self._requests[body["id"]]
        if request.on_progress is not None and not request.future.done():
            self._loop.call_soon(request.on_progress, float(body["fraction"]))

    def _on_done(self, body: dict[str, Any], payload: bytes) -> None:
        request = self._finish(body["id"])
        result = RequestResult(body, payload)
        if "sample_rate" in body and request.begun_s:
            self._work_done.add(result.duration_s, request.begun_s, self._loop.time())
        if not request.future.done():
            request.future.set_result(result)

    def _on_failed(self, body: dict[str, Any], _payload: bytes) -> None:
        request = self._finish(body["id"])
        kind = EngineUnavailable if body["unavailable"] else EngineError
        if body["among_others"]:
            kind = FailedAmongOthers
        if not request.future.done():
            request.future.set_exception(kind(str(body["problem"]), str(body["remedy"])))

    def _on_cancelled(self, body: dict[str, Any], _payload: bytes) -> None:
        self._finish(body["id"])

    _handlers: ClassVar[dict[str, Callable[["Worker", Any, bytes], None]]] = {
        "loading": _on_loading,
        "warming": _on_warming,
        "hello": _on_hello,
        "models": _on_models,
        "leaving": _on_leaving,
        "begun": _on_begun,
        "returned": _on_returned,
        "progress": _on_progress,
        "done": _on_done,
        "failed": _on_failed,
        "cancelled": _on_cancelled,
    }

    def _finish(self, id: str) -> _InFlightRequest:
        request = self._requests.pop(id)
        self.finished += 1
        self._leave_if_done()
        self._loop.call_soon(self._on_change)  # after the waiter has its answer
        return request

    def _on_settled(self, id: str, future: asyncio.Future[RequestResult]) -> None:
        if future.cancelled() and id in self._requests and not self._lost:
            self._child.send({"cancel": {"id": id}})

    def _leave_if_done(self) -> None:
        if self._leaving and not self._requests:
            self._child.hang_up()

"""A live worker as the daemon sees it: its engines, its rows in flight, and their answers."""

import asyncio
import dataclasses
import logging
from collections.abc import Callable, Mapping, MutableMapping
from dataclasses import dataclass
from typing import Any, ClassVar

from narrated.engines.interface import EngineInfo
from narrated.engines.model_interface import ModelStatus
from narrated.errors import EngineError, EngineUnavailable, FailedAmongOthers, WorkerLost
from narrated.workers.child import ChildProcess
from narrated.workers.protocol import BadFrame

_LINES_TOLD = 3

logger = logging.getLogger("narrated.worker")


@dataclass(frozen=True, slots=True)
class RequestResult:
    """A finished row: `elapsed_s` and `sample_rate` or `text` in the header, PCM behind it."""

    header: Mapping[str, Any]
    payload: bytes


@dataclass(frozen=True, slots=True, eq=False)
class _InFlightRequest:
    engine: str
    future: asyncio.Future[RequestResult]
    on_progress: Callable[[float], None] | None


class Worker:
    """Requests go in by `submit`; each answer settles its future.

    `on_change` is called whenever engines were announced or a row came free.
    """

    def __init__(
        self,
        child: ChildProcess,
        silence_s: float,
        load_s: float,
        on_change: Callable[[], None],
        measured: MutableMapping[str, int],
    ) -> None:
        self.engines: dict[str, EngineInfo] = {}
        self.missing: dict[str, EngineUnavailable] = {}
        self._models: list[ModelStatus] = []
        self._models_at = 0.0
        self.pid = child.pid
        self.announced = False
        self.finished = 0
        """How many rows it has done, well or not."""
        self.changes = 0
        """How often its engines, or their voices, became others."""
        self._child = child
        self._silence_s = silence_s
        self._load_s = load_s
        self._on_change = on_change
        self._measured = measured
        self._rows: dict[str, _InFlightRequest] = {}
        self._submitted = 0
        self._loading = True
        self._leaving = False
        self._lost = False
        self._verdict = ""
        self._loop = asyncio.get_running_loop()
        self._heard_at = self._loop.time()

    @property
    def takes_work(self) -> bool:
        """Whether it has announced itself and neither left nor is about to."""
        return self.announced and not self._leaving and not self._lost

    def models(self) -> tuple[ModelStatus, ...]:
        """How its models stand, as it last told."""
        age_s = self._loop.time() - self._models_at
        return tuple(
            dataclasses.replace(
                each,
                engines=tuple(each.engines),
                idle_s=None if each.idle_s is None else each.idle_s + age_s,
            )
            for each in self._models
        )

    def in_flight(self, engine: str | None = None) -> int:
        """How many rows of an engine, or of all, are under way."""
        return sum(engine in (None, row.engine) for row in self._rows.values())

    def free_rows(self, engine: str) -> int:
        """How many more requests an engine takes now; 0 where it is not loaded here."""
        if not self.takes_work or engine not in self.engines:
            return 0
        return max(0, self.engines[engine].rows - self.in_flight(engine))

    def submit(
        self,
        engine: str,
        header: Mapping[str, Any],
        payload: bytes = b"",
        on_progress: Callable[[float], None] | None = None,
    ) -> asyncio.Future[RequestResult]:
        """Hand a request in: text, voice, options, language, seed; or a picture as the payload.

        A `voice_digest` beside the voice has it refused where the voice is another by now.
        The future raises EngineError or EngineUnavailable for what the engine cannot do,
        FailedAmongOthers where it may be another row's fault, and WorkerLost when the worker died
        or hung with this in flight. Cancelling it cancels the row.
        """
        future: asyncio.Future[RequestResult] = self._loop.create_future()
        self._submitted += 1
        id = str(self._submitted)
        if self._lost:
            future.set_exception(WorkerLost("The worker was gone already."))
            return future
        try:
            self._child.send({"admit": {**header, "id": id, "engine": engine}}, payload)
        except BadFrame as error:
            future.set_exception(EngineError(error.problem, "Make it smaller."))
            return future
        if not self._rows:
            self._heard_at = self._loop.time()
        self._rows[id] = _InFlightRequest(engine, future, on_progress)
        future.add_done_callback(lambda settled: self._settled(id, settled))
        return future

    def cancel(self, future: asyncio.Future[RequestResult]) -> None:
        """Give a request up; its row is free once the worker has let go of it."""
        future.cancel()

    def change(self, wish: Mapping[str, Any], silence_s: float, load_s: float) -> None:
        """Have other engines from now on, or another budget; what stays the same stays warm."""
        self._silence_s, self._load_s = silence_s, load_s
        self._child.send(wish)

    def drain(self) -> None:
        """Take no more work, and leave when what is in flight is finished."""
        self._leaving = True
        self._leave_if_done()

    async def serve(self) -> str | None:
        """Take its answers until it is gone; why that is not well, or None where it was to leave.

        The reason is empty where only its exit status can tell.
        """
        watch = asyncio.create_task(self._watch())
        try:
            while (frame := await self._child.receive()) is not None:
                self._take(*frame)
        except BadFrame as error:
            self._give_up(f"spoke nonsense ({error.problem})")
        finally:
            watch.cancel()
            self._lost = True
        if self._leaving and not self._rows:
            return None
        return self._verdict

    def lose(self, how: str) -> None:
        """Fail what is in flight, saying how the worker ended and what it last wrote."""
        self._lost = True
        said = " / ".join(self._child.last_lines[-_LINES_TOLD:])
        problem = f"The worker {self._child.name} ({self.pid}) {how}." + (
            f" It last wrote: {said}" if said else ""
        )
        for row in self._drop_rows():
            row.future.set_exception(WorkerLost(problem))

    def abandon(self) -> None:
        """Cancel what is in flight: nobody waits for it any more."""
        self._lost = True
        for row in self._drop_rows():
            row.future.cancel()

    def _drop_rows(self) -> list[_InFlightRequest]:
        rows, self._rows = self._rows, {}
        return [row for row in rows.values() if not row.future.done()]

    async def _watch(self) -> None:
        """Silence, not duration, is a hang."""
        while True:
            patience_s = self._load_s if self._loading else self._silence_s
            silent_s = self._loop.time() - self._heard_at
            busy = self._loading or bool(self._rows)
            if busy and silent_s >= patience_s:
                doing = "loading" if self._loading else "working"
                self._give_up(f"said nothing for {patience_s:g} s while {doing}")
                return
            # Never longer than the shorter patience: what it does may change meanwhile.
            left_s = patience_s - silent_s if busy else self._silence_s
            await asyncio.sleep(min(left_s, self._silence_s))

    def _give_up(self, verdict: str) -> None:
        self._verdict = f"{verdict} and was ended"
        self._child.kill()

    def _take(self, header: dict[str, Any], payload: bytes) -> None:
        try:
            ((verb, body),) = header.items()
            self._answers[verb](self, body, payload)
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise BadFrame(f"{type(error).__name__}: {error}") from error
        if not self._loading:
            self._heard_at = self._loop.time()

    def _take_loading(self, name: str, _payload: bytes) -> None:
        self._patient()
        logger.debug("%s (%d) loads %s", self._child.name, self.pid, name)

    def _take_warming(self, model: str, _payload: bytes) -> None:
        self._patient()
        logger.info("%s (%d) warms %s", self._child.name, self.pid, model)

    def _patient(self) -> None:
        """It is busy with what takes long, and tells again when it is done."""
        self._loading = True
        self._heard_at = self._loop.time()

    def _take_hello(self, body: dict[str, Any], _payload: bytes) -> None:
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

    def _take_models(self, body: dict[str, Any], _payload: bytes) -> None:
        self._models = [ModelStatus(**each) for each in body["models"]]
        self._models_at = self._loop.time()
        for key, size in body["measured"].items():
            if self._measured.get(key) != size:
                self._measured[key] = int(size)

    def _take_leaving(self, why: str, _payload: bytes) -> None:
        logger.info("%s (%d) makes way for a fresh one: %s", self._child.name, self.pid, why)
        self.drain()

    def _take_progress(self, body: dict[str, Any], _payload: bytes) -> None:
        row = self._rows[body["id"]]
        if row.on_progress is not None and not row.future.done():
            self._loop.call_soon(row.on_progress, float(body["fraction"]))

    def _take_done(self, body: dict[str, Any], payload: bytes) -> None:
        row = self._free(body["id"])
        if not row.future.done():
            row.future.set_result(RequestResult(body, payload))

    def _take_failed(self, body: dict[str, Any], _payload: bytes) -> None:
        row = self._free(body["id"])
        kind = EngineUnavailable if body["unavailable"] else EngineError
        if body.get("among_others"):
            kind = FailedAmongOthers
        if not row.future.done():
            row.future.set_exception(kind(str(body["problem"]), str(body["remedy"])))

    def _take_cancelled(self, body: dict[str, Any], _payload: bytes) -> None:
        self._free(body["id"])

    _answers: ClassVar[dict[str, Callable[["Worker", Any, bytes], None]]] = {
        "loading": _take_loading,
        "warming": _take_warming,
        "hello": _take_hello,
        "models": _take_models,
        "leaving": _take_leaving,
        "progress": _take_progress,
        "done": _take_done,
        "failed": _take_failed,
        "cancelled": _take_cancelled,
    }

    def _free(self, id: str) -> _InFlightRequest:
        row = self._rows.pop(id)
        self.finished += 1
        self._leave_if_done()
        self._loop.call_soon(self._on_change)  # after the answer has reached who waits for it
        return row

    def _settled(self, id: str, future: asyncio.Future[RequestResult]) -> None:
        if future.cancelled() and id in self._rows and not self._lost:
            self._child.send({"cancel": {"id": id}})

    def _leave_if_done(self) -> None:
        if self._leaving and not self._rows:
            self._child.hang_up()

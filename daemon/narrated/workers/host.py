"""The worker process: loads engines once, then serves requests until the daemon hangs up.

Runs in an engine's own interpreter, so it needs nothing but the standard library.

From the daemon: `load`, again whenever its engines or their budget change; `admit`, `cancel`, and
`recall` for a request that is not begun. To it: `loading`, `warming` and `hello`; then for each
request `begun` before its engine gets it, `progress`, and at the end one of `done`, `failed`,
`cancelled` and `returned`, which answers `recall` if the request was not begun; `models`, their
state and measured sizes; and `leaving`, if a new process should take over once the requests in
flight are finished.
"""

import gc
import io
import logging
import math
import os
import signal
import sys
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict
from pathlib import Path
from typing import Any, TypeGuard

from narrated.engines.engine_info import EngineInfo
from narrated.engines.interface import (
    CaptionResult,
    Engine,
    HearingResult,
    Outcome,
    ProgressReport,
    Request,
    RequestFailure,
    SpeechRequest,
    is_speech_engine,
)
from narrated.engines.model_resources import ModelResources
from narrated.errors import DeviceLost, EngineUnavailable, OutOfMemory
from narrated.workers.engine_guard import guarded, load_engine
from narrated.workers.engine_turns import EngineQueue, EngineTurns
from narrated.workers.model_memory_budget import ModelMemoryBudget
from narrated.workers.protocol import ChildChannel, die_with_parent
from narrated.workers.request_frames import request_from, told_end, told_times

_REPORT_S = 2.0
_LEAST_S = 0.1
_DEVICE_LOST = 3
_OOM_SCORE = 500  # when memory runs out the worker goes before the daemon

logger = logging.getLogger("narrated.worker")


class EngineHost:
    """Loads engines, and steps those that have requests in flight, in turn."""

    def __init__(self, channel: ChildChannel) -> None:
        self._channel = channel
        self._memory = ModelMemoryBudget(ModelResources(), on_warming=self._report_warming)
        self._turns = EngineTurns(self._memory)
        self._requests: dict[str, EngineQueue] = {}
        self._missing: dict[str, tuple[dict[str, Any], EngineUnavailable]] = {}
        self._retry_s = 0.0
        self._voices: dict[str, dict[str, str]] = {}
        self._owes_hello = False
        self._reported_at = 0.0
        self._retry_at = self._rest_at = math.inf
        """Times of the next look for new engines and voices, and for idle models."""
        self._leaving = False
        self._has_loaded = False

    def serve(self) -> None:
        """Handle frames and step engines until the daemon is gone."""
        while True:
            self._check_timers()
            due_s = max(0.0, min(self._retry_at, self._rest_at) - time.monotonic())
            if self._channel.ready(0.0 if self._requests else due_s):
                frame = self._channel.receive()
                if frame is None:
                    return
                self._handle(*frame)
            elif self._requests:
                self._step()

    def _check_timers(self) -> None:
        now = time.monotonic()
        if now >= self._rest_at:
            self._rest_at = now + self._rest_every_s()
            if self._memory.unload_idle():
                self._report_models()
        if now >= self._retry_at:
            if self._missing:
                self._load([spec for spec, _ in self._missing.values()])
            elif self._voices != self._all_voices():
                self._announce()
            self._retry_at = time.monotonic() + self._retry_s

    def _rest_every_s(self) -> float:
        return max(self._memory.resources.idle_unload_s / 4, _LEAST_S)

    def _handle(self, header: dict[str, Any], payload: bytes) -> None:
        match header:
            case {"load": load}:
                self._apply(load)
            case {"admit": body}:
                self._admit(body, payload)
            case {"cancel": {"id": id}}:
                self._cancel(id)
            case {"recall": {"id": id}}:
                self._recall(id)

    def _apply(self, load: dict[str, Any]) -> None:
        self._retry_s = max(load["again_s"], _LEAST_S)
        moved = self._memory.change(ModelResources(**load["resources"]), load["known"])
        wanted = {spec["name"]: spec for spec in load["engines"]}
        for queue in list(self._turns.queues.values()):
            if moved or wanted.get(queue.name) != queue.spec:
                self._turns.retire(queue)
        self._missing.clear()
        self._load([spec for name, spec in wanted.items() if name not in self._turns.queues])
        self._retry_at = time.monotonic() + self._retry_s
        self._rest_at = time.monotonic() + self._rest_every_s()

    def _load(self, specs: Iterable[dict[str, Any]]) -> None:
        fresh: list[EngineQueue] = []
        for spec in specs:
            self._channel.send({"loading": spec["name"]})
            try:
                engine = load_engine(spec, self._memory)
            except EngineUnavailable as error:
                self._missing[spec["name"]] = (spec, error)
            else:
                fresh.append(EngineQueue(spec, engine))
                self._missing.pop(spec["name"], None)
                self._memory.add_engine(engine)
        if not self._has_loaded:
            self._has_loaded = True
            gc.freeze()  # no model is there yet; a collection that walks torch takes 0.2 s
        self._turns.queues |= {queue.name: queue for queue in fresh}
        self._drop_retired()  # these make room first, unless the new ones use the same weights
        if self._memory.resources.warms_at_once:
            self._warm_up(fresh)
        self._drop_retired()
        self._report_models()
        self._announce()

    def _warm_up(self, queues: Iterable[EngineQueue]) -> None:
        for queue in queues:
            try:
                self._memory.warm_up(queue.engine)
            except EngineUnavailable as error:
                self._drop_engine(queue, error)
            except OutOfMemory:
                self._memory.rest(queue.engine)  # others may make room once it has a request

    def _drop_engine(self, queue: EngineQueue, error: EngineUnavailable) -> None:
        """Treat an engine without its model as one that did not load."""
        self._owes_hello = True
        if self._turns.queues.get(queue.name) is queue:
            self._missing[queue.name] = (queue.spec, error)
            self._turns.retire(queue)

    def _announce(self) -> None:
        self._owes_hello = False
        self._voices = self._all_voices()
        self._channel.send({"hello": {"pid": os.getpid(), "engines": list(self._engine_entries())}})

    def _all_voices(self) -> dict[str, dict[str, str]]:
        engines = {name: queue.engine for name, queue in self._turns.queues.items()}
        return {
            name: dict(engine.voices()) if is_speech_engine(engine) else {}
            for name, engine in engines.items()
        }

    def _engine_entries(self) -> Iterator[dict[str, Any]]:
        for name, queue in self._turns.queues.items():
            engine = queue.engine
            rate = engine.sample_rate if is_speech_engine(engine) else 0
            voices = self._voices[name]
            # Not all engines are narrated's own.
            varies, front = getattr(engine, "varies", True), getattr(engine, "front", "")
            own = dict(getattr(engine, "narrator_options", {}))
            languages = tuple(getattr(engine, "languages", ()))
            steady = dict(getattr(engine, "steady_options", {}))
            about = (engine.kind, engine.identity, rate, voices, engine.rows, varies, front, own)
            yield asdict(EngineInfo(name, *about, languages, steady))
        for name, (_, error) in self._missing.items():
            problem = {"problem": error.problem, "remedy": error.remedy}
            yield {"name": name, "unavailable": problem}

    def _report_warming(self, model: str) -> None:
        """Announce slow reading from disk, so that the daemon does not take it for a hang."""
        self._owes_hello = True
        self._channel.send({"warming": model})

    def _report_models(self) -> None:
        self._reported_at = time.monotonic()
        named = {each.engine: (each.name, each.pace) for each in self._turns}
        models = [asdict(each) for each in self._memory.report(named)]
        self._channel.send({"models": {"models": models, "measured": self._memory.measured}})

    def _admit(self, body: dict[str, Any], payload: bytes) -> None:
        queue = self._turns.queues.get(body["engine"])
        if queue is None:
            problem = f"No engine {body['engine']} is loaded."
            refusal = RequestFailure(body["id"], problem, unavailable=True)
            self._channel.send({"failed": asdict(refusal)})
            return
        self._requests[body["id"]] = queue
        queue.enqueue(request_from(body, payload, queue.engine.kind), body.get("tag", 0.0))
        self._admit_waiting()

    def _admit_waiting(self) -> None:
        for queue in self._turns.admissible():
            while queue.waiting and queue.has_room:
                first = queue.withdraw(next(iter(queue.waiting)))
                if first is not None:
                    self._hand_over(queue, first)

    def _hand_over(self, queue: EngineQueue, request: Request) -> None:
        failed: list[RequestFailure] = []
        self._channel.send({"begun": {"id": request.id}})  # the daemon knows it if this crashes
        with guarded([request.id], failed):
            queue.engine.admit(request)
            if _has_voice_changed(request, queue.engine):  # after the engine has read the voice
                queue.engine.cancel(request.id)
                raise EngineUnavailable(
                    f"The voice '{request.voice}' was changed.", "It is retried by itself."
                )
        if failed:
            del self._requests[request.id]
            if failed[0].unavailable and self._voices != self._all_voices():
                self._announce()  # first, so that the daemon plans with the new voices
            self._channel.send({"failed": asdict(failed[0])})
        else:
            queue.begin(request.id)

    def _cancel(self, id: str) -> None:
        queue = self._requests.pop(id, None)
        if queue is None:
            return  # it finished while the frame was on its way
        if queue.withdraw(id) is None:
            del queue.elapsed_s[id]
            queue.engine.cancel(id)
        self._channel.send({"cancelled": {"id": id}})
        self._rest_if_idle(queue)

    def _recall(self, id: str) -> None:
        queue = self._requests.get(id)
        if queue is None or queue.withdraw(id) is None:
            return  # it is begun or finished, as the daemon will read
        del self._requests[id]
        self._channel.send({"returned": {"id": id}})
        self._drop_retired()

    def _step(self) -> None:
        self._admit_waiting()
        for queue in self._turns.at_work():
            self._step_one(queue)
        if self._owes_hello:
            self._announce()
        if time.monotonic() - self._reported_at > _REPORT_S:
            self._report_models()

    def _step_one(self, queue: EngineQueue) -> None:
        outcomes: list[Outcome] = []
        failed: list[RequestFailure] = []
        with _time_shared(queue), guarded(list(queue.elapsed_s), failed):
            outcomes.extend(self._stepped(queue))
        for failure in failed:
            with guarded([failure.id], []):
                queue.engine.cancel(failure.id)  # the engine may still hold it
        for outcome in [*outcomes, *failed]:
            self._send(queue, outcome)
        self._rest_if_idle(queue)
        if not self._leaving and queue.engine.worn:
            self._leaving = True
            self._channel.send({"leaving": f"{queue.name} holds much memory"})

    def _stepped(self, queue: EngineQueue) -> Sequence[Outcome]:
        try:
            outcomes = self._memory.step(
                queue.engine, queue.name, lambda: self._turns.hold_others(queue)
            )
        except EngineUnavailable as error:
            self._drop_engine(queue, error)
            raise
        if outcomes is None:
            self._turns.pause(queue)
            return []
        return outcomes

    def _send(self, queue: EngineQueue, outcome: Outcome) -> None:
        if isinstance(outcome, ProgressReport):
            self._channel.send({"progress": {"id": outcome.id, "fraction": outcome.fraction}})
            return
        elapsed_s = queue.elapsed_s.pop(outcome.id, None)
        self._requests.pop(outcome.id, None)
        if elapsed_s is None:
            return  # it was cancelled, or failed with its step
        done: dict[str, Any] = {
            "id": outcome.id,
            "elapsed_s": elapsed_s,
            "identity": queue.engine.identity,
        }
        if isinstance(outcome, RequestFailure):
            self._channel.send({"failed": asdict(outcome)})
        elif isinstance(outcome, CaptionResult):
            self._channel.send({"done": {**done, "text": outcome.text}})
        elif isinstance(outcome, HearingResult):
            heard = {"text": outcome.text, "score": float(outcome.score)}
            self._channel.send({"done": {**done, **heard}})
        else:
            queue.spoken_s += len(outcome.pcm) / 2 / outcome.sample_rate
            queue.speaking_s += elapsed_s
            done |= {"sample_rate": outcome.sample_rate, **told_times(outcome), **told_end(outcome)}
            self._channel.send({"done": done}, outcome.pcm)

    def _rest_if_idle(self, queue: EngineQueue) -> None:
        if queue.elapsed_s:
            return
        queue.paused_since = queue.held_for = None
        self._memory.at_rest(queue.engine)
        if queue.engine.models:
            self._report_models()
        self._drop_retired()

    def _drop_retired(self) -> None:
        for queue in self._turns.take_retired():
            self._memory.remove_engine(queue.engine)


def _has_voice_changed(request: Request, engine: Engine) -> TypeGuard[SpeechRequest]:
    """True if the voice changed since planning, so the cache key would be wrong."""
    if not isinstance(request, SpeechRequest) or not request.voice or request.voice_digest is None:
        return False
    return is_speech_engine(engine) and (engine.voice_digest(request.voice) != request.voice_digest)


@contextmanager
def _time_shared(queue: EngineQueue) -> Iterator[None]:
    begin = time.monotonic()
    yield
    share_s = (time.monotonic() - begin) / len(queue.elapsed_s)
    for id in queue.elapsed_s:
        queue.elapsed_s[id] += share_s


def _set_up() -> None:
    """Set up the process: die with the daemon, be the OOM killer's first choice, ignore Ctrl-C."""
    die_with_parent()
    with suppress(OSError):  # a sandbox may forbid it
        Path("/proc/self/oom_score_adj").write_text(str(_OOM_SCORE))
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    if isinstance(sys.stdout, io.TextIOWrapper):  # a crash would take buffered lines along
        sys.stdout.reconfigure(line_buffering=True)
    logging.basicConfig(stream=sys.stderr, level=logging.INFO)


def main() -> None:
    """Serve on the inherited descriptor given by the last argument."""
    _set_up()
    channel = ChildChannel.inherited(int(sys.argv[-1]))
    try:
        with suppress(ConnectionError):
            EngineHost(channel).serve()
    except DeviceLost as error:
        # Its threads and the device's own clean-up may hang, so exit at once.
        print(error, file=sys.stderr, flush=True)
        os._exit(_DEVICE_LOST)


if __name__ == "__main__":
    main()

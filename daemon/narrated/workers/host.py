"""The child: load engines once, then serve requests over the wire until the daemon hangs up.

Runs in an engine's own interpreter, so it needs nothing but the standard library.

From the daemon: `load`, again whenever its engines or their budget change; `admit` and `cancel`.
To it: `loading`, `warming` and `hello`; then for each request `progress`, and at the end one of
`done`, `failed` and `cancelled`; `models`, how they stand and what was measured; and `leaving`,
when a fresh process should take over as soon as what is in flight is finished.
"""

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

from narrated.engines.interface import (
    CaptionRequest,
    CaptionResult,
    Engine,
    EngineInfo,
    Outcome,
    ProgressReport,
    Request,
    RequestFailure,
    SpeechRequest,
    is_speech_engine,
)
from narrated.engines.model_interface import ModelResources
from narrated.errors import DeviceLost, EngineUnavailable, OutOfMemory
from narrated.workers.arbiter import EngineQueue, MemoryArbiter
from narrated.workers.budget import MemoryBudget
from narrated.workers.guard import guarded, loaded
from narrated.workers.protocol import ChildChannel, die_with_parent

TELL_S = 2.0
LEAST_S = 0.1
_DEVICE_LOST = 3
_OOM_SCORE = 500  # when memory runs out the worker goes before the daemon

logger = logging.getLogger("narrated.worker")


class EngineHost:
    """Loads engines, and steps those that have rows in flight, in turn."""

    def __init__(self, wire: ChildChannel) -> None:
        self._wire = wire
        self._budget = MemoryBudget(ModelResources(), on_warming=self._tell_warming)
        self._turns = MemoryArbiter(self._budget)
        self._rows: dict[str, EngineQueue] = {}
        self._missing: dict[str, tuple[dict[str, Any], EngineUnavailable]] = {}
        self._again_s = 0.0
        self._voices: dict[str, dict[str, str]] = {}
        self._owes_hello = False
        self._told_at = 0.0
        self._look_at = self._rest_at = math.inf
        """When to look for engines and voices that may have come, and for idle models."""
        self._leaving = False

    def serve(self) -> None:
        """Take frames and work until the daemon is gone."""
        while True:
            self._look_around()
            if self._rows and not self._wire.ready():
                self._step()
                continue
            if not self._rows and not self._wire.ready(self._patience_s()):
                continue
            frame = self._wire.receive()
            if frame is None:
                return
            self._take(*frame)

    def _look_around(self) -> None:
        """Now and then, at work or not: what may have come, and memory to give back."""
        now = time.monotonic()
        if now >= self._rest_at:
            self._rest_at = now + self._rest_every_s()
            if self._budget.unload_idle():
                self._tell_models()
        if now >= self._look_at:
            if self._missing:
                self._load([spec for spec, _ in self._missing.values()])
            elif self._voices != self._all_voices():
                self._say_hello()
            self._look_at = time.monotonic() + max(self._again_s, LEAST_S)

    def _patience_s(self) -> float:
        return max(0.0, min(self._look_at, self._rest_at) - time.monotonic())

    def _rest_every_s(self) -> float:
        return max(self._budget.home.idle_unload_s / 4, LEAST_S)

    def _take(self, header: dict[str, Any], payload: bytes) -> None:
        if "load" in header:
            self._apply(header["load"])
        elif "admit" in header:
            self._admit(header["admit"], payload)
        elif "cancel" in header:
            self._cancel(header["cancel"]["id"])

    def _apply(self, wish: dict[str, Any]) -> None:
        """Have these engines and this budget; what stays the same stays warm."""
        self._again_s = wish["again_s"]
        home = ModelResources(**wish["home"])
        moved = self._budget.change(home, wish["known"])
        wanted = {spec["name"]: spec for spec in wish["engines"]}
        for station in list(self._turns.stations.values()):
            if moved or wanted.get(station.name) != station.spec:
                self._turns.retire(station)
        self._missing.clear()
        self._load([spec for name, spec in wanted.items() if name not in self._turns.stations])
        self._look_at = time.monotonic() + max(self._again_s, LEAST_S)
        self._rest_at = time.monotonic() + self._rest_every_s()

    def _load(self, specs: Iterable[dict[str, Any]]) -> None:
        fresh: list[EngineQueue] = []
        for spec in specs:
            self._wire.send({"loading": spec["name"]})
            try:
                engine = loaded(spec, self._budget)
            except EngineUnavailable as error:
                self._missing[spec["name"]] = (spec, error)
            else:
                fresh.append(EngineQueue(spec, engine))
                self._missing.pop(spec["name"], None)
                self._budget.seat(engine)
        self._turns.stations |= {station.name: station for station in fresh}
        self._dismiss()  # what was replaced makes room first, unless the same weights go on
        if self._budget.home.warms_at_once:
            self._warm_up(fresh)
        self._dismiss()
        self._tell_models()
        self._say_hello()

    def _warm_up(self, stations: Iterable[EngineQueue]) -> None:
        for station in stations:
            try:
                self._budget.warm_up(station.engine)
            except EngineUnavailable as error:
                self._lose(station, error)
            except OutOfMemory:
                self._budget.rest(station.engine)  # others may make room when it is asked for

    def _lose(self, station: EngineQueue, error: EngineUnavailable) -> None:
        """An engine whose model cannot be had is as good as one that did not load."""
        self._owes_hello = True
        if self._turns.stations.get(station.name) is station:
            self._missing[station.name] = (station.spec, error)
            self._turns.retire(station)

    def _say_hello(self) -> None:
        self._owes_hello = False
        self._voices = self._all_voices()
        self._wire.send({"hello": {"pid": os.getpid(), "engines": list(self._announced())}})

    def _all_voices(self) -> dict[str, dict[str, str]]:
        stations = self._turns.stations.values()
        return {each.name: _voices(each.engine) for each in stations}

    def _announced(self) -> Iterator[dict[str, Any]]:
        for name, station in self._turns.stations.items():
            engine = station.engine
            rate = engine.sample_rate if is_speech_engine(engine) else 0
            voices = self._voices[name]
            yield asdict(EngineInfo(name, engine.kind, engine.identity, rate, voices, engine.rows))
        for name, (_, error) in self._missing.items():
            yield {
                "name": name,
                "unavailable": {"problem": error.problem, "remedy": error.remedy},
            }

    def _tell_warming(self, model: str) -> None:
        """What is brought from the disk is no hang: the daemon is told before it begins."""
        self._owes_hello = True
        self._wire.send({"warming": model})

    def _tell_models(self) -> None:
        self._told_at = time.monotonic()
        told = self._budget.told({each.engine: (each.name, each.pace) for each in self._turns})
        body = {"models": [asdict(each) for each in told], "measured": self._budget.measured}
        self._wire.send({"models": body})

    def _admit(self, asked: dict[str, Any], payload: bytes) -> None:
        station = self._turns.stations.get(asked["engine"])
        if station is None:
            refusal = RequestFailure(
                asked["id"], f"No engine {asked['engine']} is loaded.", unavailable=True
            )
            self._wire.send({"failed": asdict(refusal)})
            return
        request = _request(asked, payload, station)
        self._rows[request.id] = station
        station.line_up(request)
        self._let_in()

    def _let_in(self) -> None:
        for station in self._turns.admissible():
            while station.waiting:
                self._hand_over(station, station.next_in_line())

    def _hand_over(self, station: EngineQueue, request: Request) -> None:
        failed: list[RequestFailure] = []
        with guarded([request.id], failed):
            station.engine.admit(request)
            if _is_in_another_voice(request, station.engine):  # after it was taken in, for good
                station.engine.cancel(request.id)
                raise EngineUnavailable(
                    f"The voice '{request.voice}' was changed.", "It is tried again by itself."
                )
        if failed:
            del self._rows[request.id]
            if failed[0].unavailable and self._voices != self._all_voices():
                self._say_hello()  # first: what was planned by the old voices is planned anew
            self._wire.send({"failed": asdict(failed[0])})
        else:
            station.begin(request.id)

    def _cancel(self, id: str) -> None:
        station = self._rows.pop(id, None)
        if station is None:
            return  # finished while the wish was on its way
        if station.waiting.pop(id, None) is None:
            del station.elapsed_s[id]
            station.engine.cancel(id)
        self._wire.send({"cancelled": {"id": id}})
        self._finish(station)

    def _step(self) -> None:
        self._let_in()
        for station in self._turns.at_work():
            self._step_one(station)
        if self._owes_hello:
            self._say_hello()
        if time.monotonic() - self._told_at > TELL_S:
            self._tell_models()

    def _step_one(self, station: EngineQueue) -> None:
        outcomes: list[Outcome] = []
        failed: list[RequestFailure] = []
        with _shared_out(station), guarded(list(station.elapsed_s), failed):
            outcomes.extend(self._stepped(station))
        for failure in failed:
            with guarded([failure.id], []):
                station.engine.cancel(failure.id)  # it may still hold what it could not step
        for outcome in [*outcomes, *failed]:
            self._send(station, outcome)
        self._finish(station)
        self._perhaps_leave(station)

    def _stepped(self, station: EngineQueue) -> Sequence[Outcome]:
        try:
            outcomes = self._budget.step(
                station.engine, station.name, lambda: self._turns.hold_others(station)
            )
        except EngineUnavailable as error:
            self._lose(station, error)
            raise
        if outcomes is None:
            self._turns.pause(station)
            return []
        return outcomes

    def _send(self, station: EngineQueue, outcome: Outcome) -> None:
        if isinstance(outcome, ProgressReport):
            self._wire.send({"progress": {"id": outcome.id, "fraction": outcome.fraction}})
            return
        elapsed_s = station.elapsed_s.pop(outcome.id, None)
        self._rows.pop(outcome.id, None)
        if elapsed_s is None:
            return  # cancelled, or failed with its step
        done: dict[str, Any] = {"id": outcome.id, "elapsed_s": elapsed_s}
        if isinstance(outcome, RequestFailure):
            self._wire.send({"failed": asdict(outcome)})
        elif isinstance(outcome, CaptionResult):
            self._wire.send({"done": {**done, "text": outcome.text}})
        else:
            station.spoken_s += len(outcome.pcm) / 2 / outcome.sample_rate
            station.speaking_s += elapsed_s
            self._wire.send({"done": {**done, "sample_rate": outcome.sample_rate}}, outcome.pcm)

    def _finish(self, station: EngineQueue) -> None:
        """An engine without rows lets others have its memory, or goes if it was replaced."""
        if station.elapsed_s:
            return
        station.rest()
        self._budget.at_rest(station.engine)
        if station.engine.models:
            self._tell_models()
        self._dismiss()

    def _dismiss(self) -> None:
        for station in self._turns.dismissed():
            self._budget.unseat(station.engine)

    def _perhaps_leave(self, station: EngineQueue) -> None:
        if not self._leaving and station.engine.worn:
            self._leaving = True
            self._wire.send({"leaving": f"{station.name} holds much memory"})


def _voices(engine: Engine) -> dict[str, str]:
    return dict(engine.voices()) if is_speech_engine(engine) else {}


def _is_in_another_voice(request: Request, engine: Engine) -> TypeGuard[SpeechRequest]:
    """Whether what would be said is not what it will be kept as."""
    if not isinstance(request, SpeechRequest) or not request.voice or request.voice_digest is None:
        return False
    return is_speech_engine(engine) and (engine.voice_digest(request.voice) != request.voice_digest)


def _request(asked: dict[str, Any], payload: bytes, station: EngineQueue) -> Request:
    if station.engine.kind == "caption":
        return CaptionRequest(asked["id"], payload, asked.get("options", {}))
    return SpeechRequest(
        id=asked["id"],
        text=asked["text"],
        voice=asked["voice"],
        options=asked.get("options", {}),
        language=asked.get("language", "en"),
        seed=asked.get("seed", 0),
        voice_digest=asked.get("voice_digest"),
    )


@contextmanager
def _shared_out(station: EngineQueue) -> Iterator[None]:
    """Give each row in flight its share of the time that a step takes."""
    begin = time.monotonic()
    yield
    share_s = (time.monotonic() - begin) / len(station.elapsed_s)
    for id in station.elapsed_s:
        station.elapsed_s[id] += share_s


def _settle_in() -> None:
    """Die with the daemon, before the daemon, and by its will alone; print to stderr."""
    die_with_parent()
    with suppress(OSError):  # a sandbox may forbid it, and we run without
        Path("/proc/self/oom_score_adj").write_text(str(_OOM_SCORE))
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    logging.basicConfig(stream=sys.stderr, level=logging.INFO)


def main() -> None:
    """Serve on the inherited descriptor that the last argument names."""
    _settle_in()
    wire = ChildChannel.inherited(int(sys.argv[-1]))
    try:
        with suppress(ConnectionError):
            EngineHost(wire).serve()
    except DeviceLost as error:
        # Its threads and the device's own clean-up may hang: there is nothing left to tidy.
        print(error, file=sys.stderr, flush=True)
        os._exit(_DEVICE_LOST)


if __name__ == "__main__":
    main()

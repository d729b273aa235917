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
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from narrated.engines.base import (
    Described,
    Engine,
    EngineInfo,
    Failed,
    Home,
    Outcome,
    Progressed,
    Request,
    Sight,
    Utterance,
    load,
)
from narrated.errors import DeviceLost, EngineError, EngineUnavailable, OutOfMemory
from narrated.workers.budget import Budget
from narrated.workers.wire import Wire, die_with_parent

TURN_S = 20.0
"""How long an engine waits before others take no more rows, so that it may have their memory."""
TELL_S = 2.0
LEAST_S = 0.1
_DEVICE_LOST = 3
_OOM_SCORE = 500  # when memory runs out the worker goes before the daemon

logger = logging.getLogger("narrated.worker")


@dataclass(slots=True, eq=False)
class _Seat:
    """A loaded engine, its rows in flight, and those that wait until its models can be warm."""

    spec: dict[str, Any]
    engine: Engine
    elapsed_s: dict[str, float] = field(default_factory=dict)
    """Engine time that each row in flight has taken."""
    waiting: dict[str, Request] = field(default_factory=dict)
    waiting_since: float = 0.0
    working_since: float = 0.0
    paused_since: float | None = None
    """Since when its rows in flight wait for others; None where they do not."""
    held_for: "_Seat | None" = None
    """Who found no memory but its own, and is to be done first."""
    spoken_s: float = 0.0
    speaking_s: float = 0.0
    """Seconds of sound that it made, and of work that this took."""

    @property
    def name(self) -> str:
        return str(self.spec["name"])

    @property
    def pace(self) -> float | None:
        """The real-time factor: seconds of work for a second of sound."""
        return self.speaking_s / self.spoken_s if self.spoken_s else None


class Host:
    """Loads engines and steps those that have rows in flight, in turn.

    Engines whose models cannot be warm together take turns. The one that has been at work for
    longest goes on; the others wait, with their rows in flight if they must, and once one has
    waited a while, those at work finish what they have and take no more.
    """

    def __init__(self, wire: Wire) -> None:
        self._wire = wire
        self._budget = Budget(Home(), on_warming=self._tell_warming)
        self._seats: dict[str, _Seat] = {}
        self._retired: list[_Seat] = []
        """Engines that were replaced, and finish what they have."""
        self._rows: dict[str, _Seat] = {}
        self._missing: dict[str, tuple[dict[str, Any], EngineUnavailable]] = {}
        self._again_s = 0.0
        self._voices: dict[str, dict[str, str]] = {}
        self._is_warming = False
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
        home = Home(**wish["home"])
        moved = self._budget.change(home, wish["known"])
        wanted = {spec["name"]: spec for spec in wish["engines"]}
        outgoing = [seat for name, seat in self._seats.items() if wanted.get(name) != seat.spec]
        outgoing = list(self._seats.values()) if moved else outgoing
        for seat in outgoing:
            self._retired.append(self._seats.pop(seat.name))
        self._missing.clear()
        self._load([spec for name, spec in wanted.items() if name not in self._seats])
        self._look_at = time.monotonic() + max(self._again_s, LEAST_S)
        self._rest_at = time.monotonic() + self._rest_every_s()

    def _load(self, specs: Iterable[dict[str, Any]]) -> None:
        fresh: list[_Seat] = []
        for spec in specs:
            self._wire.send({"loading": spec["name"]})
            try:
                engine = _loaded(spec, self._budget)
            except EngineUnavailable as error:
                self._missing[spec["name"]] = (spec, error)
            else:
                fresh.append(_Seat(spec, engine))
                self._missing.pop(spec["name"], None)
                self._budget.seat(engine)
        self._seats |= {seat.name: seat for seat in fresh}
        self._dismiss()  # what was replaced makes room first, unless the same weights go on
        if self._budget.home.warms_at_once:
            self._warm_up(fresh)
        self._dismiss()
        self._tell_models()
        self._say_hello()

    def _warm_up(self, seats: Iterable[_Seat]) -> None:
        for seat in seats:
            try:
                self._budget.warm_up(seat.engine)
            except EngineUnavailable as error:
                self._lose(seat, error)
            except OutOfMemory:
                self._budget.rest(seat.engine)  # others may make room when it is asked for

    def _lose(self, seat: _Seat, error: EngineUnavailable) -> None:
        """An engine whose model cannot be had is as good as one that did not load."""
        if self._seats.get(seat.name) is seat:
            self._missing[seat.name] = (seat.spec, error)
            self._retired.append(self._seats.pop(seat.name))

    def _say_hello(self) -> None:
        self._is_warming = False
        self._voices = self._all_voices()
        self._wire.send({"hello": {"pid": os.getpid(), "engines": list(self._announced())}})

    def _all_voices(self) -> dict[str, dict[str, str]]:
        return {name: dict(seat.engine.voices()) for name, seat in self._seats.items()}

    def _announced(self) -> Iterator[dict[str, Any]]:
        for name, seat in self._seats.items():
            engine = seat.engine
            rate, voices = engine.sample_rate, self._voices[name]
            yield asdict(EngineInfo(name, engine.kind, engine.identity, rate, voices, engine.rows))
        for name, (_, error) in self._missing.items():
            yield {
                "name": name,
                "unavailable": {"problem": error.problem, "remedy": error.remedy},
            }

    def _tell_warming(self, model: str) -> None:
        """What is brought from the disk is no hang: the daemon is told before it begins."""
        self._is_warming = True
        self._wire.send({"warming": model})

    def _tell_models(self) -> None:
        self._told_at = time.monotonic()
        seats = [*self._seats.values(), *self._retired]
        told = self._budget.told({seat.engine: (seat.name, seat.pace) for seat in seats})
        body = {"models": [asdict(each) for each in told], "measured": self._budget.measured}
        self._wire.send({"models": body})

    def _admit(self, asked: dict[str, Any], payload: bytes) -> None:
        seat = self._seats.get(asked["engine"])
        if seat is None:
            refusal = Failed(
                asked["id"], f"No engine {asked['engine']} is loaded.", unavailable=True
            )
            self._wire.send({"failed": asdict(refusal)})
            return
        request = _request(asked, payload, seat)
        self._rows[request.id] = seat
        if not seat.waiting:
            seat.waiting_since = time.monotonic()
        seat.waiting[request.id] = request
        self._let_in()

    def _let_in(self) -> None:
        """Hand waiting rows to their engines, unless another's turn is due."""
        now = time.monotonic()
        seats = [*self._seats.values(), *self._retired]
        paused = [each for each in seats if each.paused_since is not None]
        if any(now - (each.paused_since or now) > TURN_S for each in paused):
            return
        waiting = sorted((each for each in seats if each.waiting), key=lambda s: s.waiting_since)
        for seat in waiting:
            others = [each for each in seats if each.elapsed_s and each is not seat]
            fits = self._budget.fits_beside(seat.engine, [each.engine for each in others])
            if fits or not others:
                self._hand_over(seat)
            elif now - seat.waiting_since > TURN_S:
                return  # who comes after it in line would keep its memory from it

    def _at_work(self) -> list[_Seat]:
        """Who is to be stepped: all with rows in flight that fit together, the first ones first."""
        busy = [each for each in (*self._seats.values(), *self._retired) if each.elapsed_s]
        at_work: list[_Seat] = []
        for seat in sorted(busy, key=lambda each: each.working_since):
            if seat.held_for not in busy:
                seat.held_for = None
            engines = [each.engine for each in at_work]
            fits = not at_work or self._budget.fits_beside(seat.engine, engines)
            if fits and seat.held_for is None:
                at_work.append(seat)
                seat.paused_since = None
            else:
                self._pause(seat)
        return at_work

    def _pause(self, seat: _Seat) -> None:
        seat.paused_since = seat.paused_since or time.monotonic()
        self._budget.at_rest(seat.engine)

    def _hand_over(self, seat: _Seat) -> None:
        while seat.waiting:
            request = seat.waiting.pop(next(iter(seat.waiting)))
            failed: list[Failed] = []
            with _guarded([request.id], failed):
                seat.engine.admit(request)
            if failed:
                del self._rows[request.id]
                self._wire.send({"failed": asdict(failed[0])})
            else:
                seat.working_since = seat.working_since if seat.elapsed_s else time.monotonic()
                seat.elapsed_s[request.id] = 0.0

    def _cancel(self, id: str) -> None:
        seat = self._rows.pop(id, None)
        if seat is None:
            return  # finished while the wish was on its way
        if seat.waiting.pop(id, None) is None:
            del seat.elapsed_s[id]
            seat.engine.cancel(id)
        self._wire.send({"cancelled": {"id": id}})
        self._finish(seat)

    def _step(self) -> None:
        self._let_in()
        for seat in self._at_work():
            if seat.elapsed_s and seat.held_for is None:  # another may have come between
                self._step_one(seat)
        if self._is_warming:
            self._say_hello()
        if time.monotonic() - self._told_at > TELL_S:
            self._tell_models()

    def _step_one(self, seat: _Seat) -> None:
        outcomes: list[Outcome] = []
        failed: list[Failed] = []
        with _shared_out(seat), _guarded(list(seat.elapsed_s), failed):
            outcomes.extend(self._stepped(seat))
        for failure in failed:
            with _guarded([failure.id], []):
                seat.engine.cancel(failure.id)  # it may still hold what it could not step
        for outcome in [*outcomes, *failed]:
            self._send(seat, outcome)
        self._finish(seat)
        self._perhaps_leave(seat)

    def _stepped(self, seat: _Seat) -> Sequence[Outcome]:
        """A step; where memory runs out, of fewer rows, and at last with nothing else warm."""
        while True:
            try:
                if not self._budget.prepare(seat.engine):
                    self._pause(seat)
                    return []
                with self._budget.at_work(seat.engine):
                    return seat.engine.step()
            except EngineUnavailable as error:
                self._lose(seat, error)
                self._is_warming = True  # so that it is told
                raise
            except OutOfMemory as error:
                if seat.engine.shrink():
                    logger.info("%s works fewer rows at once: %s", seat.name, error.problem)
                elif self._budget.evict_others(seat.engine):
                    self._hold_others(seat)
                    logger.info("%s has the others make room: %s", seat.name, error.problem)
                else:
                    raise

    def _hold_others(self, seat: _Seat) -> None:
        """They would take its memory back, and it theirs, and none would come to an end."""
        for each in (*self._seats.values(), *self._retired):
            if each is not seat and each.engine.models and each.elapsed_s:
                each.held_for = seat
                self._pause(each)

    def _send(self, seat: _Seat, outcome: Outcome) -> None:
        if isinstance(outcome, Progressed):
            self._wire.send({"progress": {"id": outcome.id, "fraction": outcome.fraction}})
            return
        elapsed_s = seat.elapsed_s.pop(outcome.id, None)
        self._rows.pop(outcome.id, None)
        if elapsed_s is None:
            return  # cancelled, or failed with its step
        done: dict[str, Any] = {"id": outcome.id, "elapsed_s": elapsed_s}
        if isinstance(outcome, Failed):
            self._wire.send({"failed": asdict(outcome)})
        elif isinstance(outcome, Described):
            self._wire.send({"done": {**done, "text": outcome.text}})
        else:
            seat.spoken_s += len(outcome.pcm) / 2 / outcome.sample_rate
            seat.speaking_s += elapsed_s
            self._wire.send({"done": {**done, "sample_rate": outcome.sample_rate}}, outcome.pcm)

    def _finish(self, seat: _Seat) -> None:
        """An engine without rows lets others have its memory, or goes if it was replaced."""
        if seat.elapsed_s:
            return
        seat.paused_since = seat.held_for = None
        self._budget.at_rest(seat.engine)
        if seat.engine.models:
            self._tell_models()
        self._dismiss()

    def _dismiss(self) -> None:
        done = [seat for seat in self._retired if not seat.elapsed_s and not seat.waiting]
        self._retired = [seat for seat in self._retired if seat not in done]
        for seat in done:
            self._budget.unseat(seat.engine)

    def _perhaps_leave(self, seat: _Seat) -> None:
        if not self._leaving and seat.engine.worn:
            self._leaving = True
            self._wire.send({"leaving": f"{seat.name} holds much memory"})


def _loaded(spec: dict[str, Any], shelf: Budget) -> Engine:
    try:
        return load(spec["module"], spec["path"], spec["options"], shelf)
    except (EngineUnavailable, DeviceLost):
        raise
    except EngineError as error:
        raise EngineUnavailable(
            f"The engine {spec['name']} cannot be loaded so: {error.problem}",
            error.remedy or f"Mend `engines: {{{spec['name']}: {{options: …}}}}`.",
        ) from error
    except Exception as error:  # as in _guarded
        logger.exception("loading %s", spec["name"])
        raise EngineUnavailable(
            f"The engine {spec['name']} could not be loaded: {_described(error)}.",
            "What it wrote stands in the daemon's log at level debug.",
        ) from error


@contextmanager
def _guarded(ids: list[str], failed: list[Failed]) -> Iterator[None]:
    """The border between our code and an engine's: its errors fail its rows, never the worker."""
    try:
        yield
    except DeviceLost:
        raise  # nothing in this process can go on
    except OutOfMemory as error:
        rows = [id for id in error.rows if id in ids] or ids
        failed += [Failed(id, error.problem, error.remedy) for id in rows]
    except (EngineError, EngineUnavailable) as error:
        unavailable = isinstance(error, EngineUnavailable)
        failed += [Failed(id, error.problem, error.remedy, unavailable) for id in ids]
    except Exception as error:
        logger.exception("working on %s", ", ".join(ids))
        failed += [Failed(id, f"The engine raised {_described(error)}.") for id in ids]


def _described(error: Exception) -> str:
    return f"{type(error).__name__}: {error}".rstrip(": .")


def _request(asked: dict[str, Any], payload: bytes, seat: _Seat) -> Request:
    if seat.engine.kind == "caption":
        return Sight(asked["id"], payload, asked.get("options", {}))
    return Utterance(
        id=asked["id"],
        text=asked["text"],
        voice=asked["voice"],
        options=asked.get("options", {}),
        language=asked.get("language", "en"),
        seed=asked.get("seed", 0),
    )


@contextmanager
def _shared_out(seat: _Seat) -> Iterator[None]:
    """Give each row in flight its share of the time that a step takes."""
    begin = time.monotonic()
    yield
    share_s = (time.monotonic() - begin) / len(seat.elapsed_s)
    for id in seat.elapsed_s:
        seat.elapsed_s[id] += share_s


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
    wire = Wire.inherited(int(sys.argv[-1]))
    try:
        with suppress(ConnectionError):
            Host(wire).serve()
    except DeviceLost as error:
        # Its threads and the device's own clean-up may hang: there is nothing left to tidy.
        print(error, file=sys.stderr, flush=True)
        os._exit(_DEVICE_LOST)


if __name__ == "__main__":
    main()

"""The child: load engines once, then serve requests over the wire until the daemon hangs up.

Runs in an engine's own interpreter, so it needs nothing but the standard library.

From the daemon: `load`, once; then `admit` and `cancel`. To it: `loading` and `hello`; then for
each request `progress`, and at the end one of `done`, `failed` and `cancelled`; and `leaving`,
when a fresh process should take over as soon as what is in flight is finished.
"""

import logging
import os
import signal
import sys
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from narrated.engines.base import (
    Described,
    Engine,
    EngineInfo,
    Failed,
    Outcome,
    Progressed,
    Request,
    Sight,
    Utterance,
    load,
)
from narrated.errors import EngineError, EngineUnavailable
from narrated.workers.wire import Wire, die_with_parent

_OOM_SCORE = 500  # when memory runs out the worker goes before the daemon

logger = logging.getLogger("narrated.worker")


@dataclass(slots=True)
class _Seat:
    """A loaded engine, and its rows in flight with the engine time each has taken."""

    name: str
    engine: Engine
    elapsed_s: dict[str, float] = field(default_factory=dict)


class Host:
    """Loads engines and steps those that have rows in flight, in turn."""

    def __init__(self, wire: Wire) -> None:
        self._wire = wire
        self._seats: dict[str, _Seat] = {}
        self._rows: dict[str, _Seat] = {}
        self._missing: dict[str, tuple[dict[str, Any], EngineUnavailable]] = {}
        self._again_s = 0.0
        self._leaving = False

    def serve(self) -> None:
        """Take frames and work until the daemon is gone."""
        while True:
            if self._rows and not self._wire.ready():
                self._step()
                continue
            self._load_missing_while_idle()
            frame = self._wire.receive()
            if frame is None:
                return
            self._take(*frame)

    def _load_missing_while_idle(self) -> None:
        while self._missing and not self._rows and not self._wire.ready(self._again_s):
            self._load([spec for spec, _ in self._missing.values()])

    def _take(self, header: dict[str, Any], payload: bytes) -> None:
        if "load" in header:
            self._again_s = header["load"]["again_s"]
            self._load(header["load"]["engines"])
        elif "admit" in header:
            self._admit(header["admit"], payload)
        elif "cancel" in header:
            self._cancel(header["cancel"]["id"])

    def _load(self, specs: Iterable[dict[str, Any]]) -> None:
        for spec in specs:
            self._wire.send({"loading": spec["name"]})
            try:
                engine = _loaded(spec)
            except EngineUnavailable as error:
                self._missing[spec["name"]] = (spec, error)
            else:
                self._seats[spec["name"]] = _Seat(spec["name"], engine)
                self._missing.pop(spec["name"], None)
        self._wire.send({"hello": {"pid": os.getpid(), "engines": list(self._announced())}})

    def _announced(self) -> Iterator[dict[str, Any]]:
        for name, seat in self._seats.items():
            engine = seat.engine
            rate, voices = engine.sample_rate, dict(engine.voices())
            yield asdict(EngineInfo(name, engine.kind, engine.identity, rate, voices, engine.rows))
        for name, (_, error) in self._missing.items():
            yield {
                "name": name,
                "unavailable": {"problem": error.problem, "remedy": error.remedy},
            }

    def _admit(self, asked: dict[str, Any], payload: bytes) -> None:
        seat = self._seats.get(asked["engine"])
        if seat is None:
            refusal = Failed(asked["id"], f"No engine {asked['engine']} is loaded.")
            self._wire.send({"failed": asdict(refusal)})
            return
        failed: list[Failed] = []
        with _guarded([asked["id"]], failed):
            seat.engine.admit(_request(asked, payload, seat))
        if failed:
            self._wire.send({"failed": asdict(failed[0])})
            return
        self._rows[asked["id"]] = seat
        seat.elapsed_s[asked["id"]] = 0.0

    def _cancel(self, id: str) -> None:
        seat = self._rows.pop(id, None)
        if seat is None:
            return  # finished while the wish was on its way
        del seat.elapsed_s[id]
        seat.engine.cancel(id)
        self._wire.send({"cancelled": {"id": id}})

    def _step(self) -> None:
        for seat in self._seats.values():
            if seat.elapsed_s:
                self._step_one(seat)

    def _step_one(self, seat: _Seat) -> None:
        rows = list(seat.elapsed_s)
        outcomes: list[Outcome] = []
        failed: list[Failed] = []
        with _shared_out(seat), _guarded(rows, failed):
            outcomes.extend(seat.engine.step())
        for failure in failed:
            with _guarded([failure.id], []):
                seat.engine.cancel(failure.id)  # it may still hold what it could not step
        for outcome in [*outcomes, *failed]:
            self._send(seat, outcome)
        self._perhaps_leave(seat)

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
            self._wire.send({"done": {**done, "sample_rate": outcome.sample_rate}}, outcome.pcm)

    def _perhaps_leave(self, seat: _Seat) -> None:
        if not self._leaving and seat.engine.worn:
            self._leaving = True
            self._wire.send({"leaving": f"{seat.name} holds much memory"})


def _loaded(spec: dict[str, Any]) -> Engine:
    try:
        return load(spec["module"], spec["path"], spec["options"])
    except EngineUnavailable:
        raise
    except EngineError as error:
        raise EngineUnavailable(error.problem, error.remedy) from error
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
    with suppress(ConnectionError):
        Host(wire).serve()


if __name__ == "__main__":
    main()

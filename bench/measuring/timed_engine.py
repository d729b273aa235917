"""An engine that notes when another one works: the times of its admissions and of its steps.

Options: `engine` is the module of the other one, `log` the file for the times, and the rest goes to
the other one.
"""

import importlib
import json
import time
from pathlib import Path
from typing import Any

import measuring  # noqa: F401 # puts the tests on the path
from narrated.engines.interface import ProgressReport


class TimedEngine:
    """The other engine, with a log of its own: lines of JSON."""

    def __init__(self, engine: Any, log: Path) -> None:
        self._engine = engine
        self._log = log.open("a", buffering=1)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._engine, name)

    def admit(self, request: Any) -> None:
        """Admit a request."""
        self._engine.admit(request)
        self._note("admit", time.monotonic())

    def step(self) -> Any:
        """Step it."""
        began_s = time.monotonic()
        outcomes = self._engine.step()
        finished = sum(not isinstance(each, ProgressReport) for each in outcomes)
        self._note("step", began_s, took_s=time.monotonic() - began_s, finished=finished)
        return outcomes

    def _note(self, act: str, at_s: float, **more: float) -> None:
        self._log.write(json.dumps({"act": act, "at_s": at_s, **more}) + "\n")


def load(options: dict[str, Any], context: Any) -> TimedEngine:
    """Load the other engine."""
    told = {name: value for name, value in options.items() if name not in ("engine", "log")}
    engine = importlib.import_module(str(options["engine"])).load(told, context)
    return TimedEngine(engine, Path(str(options["log"])))

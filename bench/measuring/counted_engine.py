"""An engine that notes how many slots of its batches are held, and when requests come and go.

Options: `engine` is the module of a staged engine, `log` the file for the notes, and the rest goes
to that engine.
"""

import importlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from narrated.engines.interface import ProgressReport
from narrated.engines.neural.running_batch import RunningBatch


class SlotLog:
    """Lines of JSON: a request `in` or `out`, or the slots `held` in a slice of a stage."""

    def __init__(self, path: Path) -> None:
        self._file = path.open("a", buffering=1)
        self._stage = ""

    def watch(self, engine: Any) -> None:
        """Note what the batches of an engine's stages hold, and its requests."""
        for stage in engine._pipeline._stages:
            stage.work = self._named(type(stage).__name__, stage.work)
        advance = RunningBatch.advance

        def counted(batch: Any, *arguments: Any) -> Any:
            self._note(stage=self._stage, held=len(batch.sequences))
            return advance(batch, *arguments)

        RunningBatch.advance = counted  # type: ignore[method-assign]
        engine.admit, engine.step = self._admitted(engine.admit), self._stepped(engine.step)

    def _named(self, name: str, work: Callable[..., Any]) -> Callable[..., Any]:
        def worked(*arguments: Any) -> Any:
            self._stage = name
            return work(*arguments)

        return worked

    def _admitted(self, admit: Callable[..., Any]) -> Callable[..., Any]:
        def admitted(request: Any) -> None:
            admit(request)
            self._note(act="in")

        return admitted

    def _stepped(self, step: Callable[..., Any]) -> Callable[..., Any]:
        def stepped() -> Any:
            outcomes = step()
            for outcome in outcomes:
                if not isinstance(outcome, ProgressReport):
                    self._note(act="out")
            return outcomes

        return stepped

    def _note(self, **what: str | int) -> None:
        self._file.write(json.dumps(what) + "\n")


def load(options: dict[str, Any], context: Any) -> Any:
    """Load the other engine, and watch it."""
    told = {name: value for name, value in options.items() if name not in ("engine", "log")}
    engine = importlib.import_module(str(options["engine"])).load(told, context)
    SlotLog(Path(str(options["log"]))).watch(engine)
    return engine

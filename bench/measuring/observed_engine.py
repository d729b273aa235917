"""An engine that notes the memory of its steps.

Options: `engine` is the module of the other engine. `memory` is a file that gets a line for each
step, the most bytes that its device had in use. The rest goes to the other engine.
"""

import importlib
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from narrated.engines.registry import EngineSpec

_FOLDER = Path(__file__).parents[1]


def observed(spec: EngineSpec, memory: Path) -> EngineSpec:
    """The same engine, with the memory of its steps noted in a file."""
    options = {**spec.options, "engine": spec.module, "memory": str(memory)}
    return replace(spec, module="measuring.observed_engine", path=str(_FOLDER), options=options)


def most_memory(noted: Path) -> int:
    """The most bytes of all steps that are noted."""
    return max(map(int, noted.read_text().split()))


def load(options: dict[str, Any], context: Any) -> Any:
    """Load the other engine, and observe its steps."""
    told = dict(options)
    module, memory = str(told.pop("engine")), Path(str(told.pop("memory")))
    engine = importlib.import_module(module).load(told, context)
    engine.step = _noted(engine, memory)
    return engine


def _noted(engine: Any, memory: Path) -> Callable[[], Any]:
    step, file = engine.step, memory.open("a", buffering=1)

    def noted() -> Any:
        outcomes = step()
        # The worker begins a new peak before each step, to learn what the engine needs.
        file.write(f"{engine.models[0].device.peak_bytes}\n")
        return outcomes

    return noted

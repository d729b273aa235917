"""An engine whose steps are observed: their memory, or their time.

Options: `engine` is the module of the other engine. `memory` is a file that gets a line for each
step, the most bytes that its device had in use; `profile` is a file for a profile of all steps. The
rest goes to the other engine.
"""

import importlib
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from measuring.step_profile import StepProfile
from narrated.engines.registry import EngineSpec

_FOLDER = Path(__file__).parents[1]


def observed(spec: EngineSpec, **files: Path) -> EngineSpec:
    """The same engine; its steps are observed in these files, if any: `memory` or `profile`."""
    if not files:
        return spec
    told = {"engine": spec.module, **{name: str(file) for name, file in files.items()}}
    options = {**spec.options, **told}
    return replace(spec, module="measuring.observed_engine", path=str(_FOLDER), options=options)


def most_memory(noted: Path) -> int:
    """The most bytes of all steps that are noted."""
    return max(map(int, noted.read_text().split()))


def load(options: dict[str, Any], context: Any) -> Any:
    """Load the other engine, and observe its steps."""
    told = dict(options)
    module, memory, profile = (told.pop(name, "") for name in ("engine", "memory", "profile"))
    engine = importlib.import_module(str(module)).load(told, context)
    if memory:
        engine.step = _noted(engine, Path(memory))
    if profile:
        engine.step = StepProfile(Path(profile)).of(engine.step)
    return engine


def _noted(engine: Any, memory: Path) -> Callable[[], Any]:
    step, file = engine.step, memory.open("a", buffering=1)

    def noted() -> Any:
        outcomes = step()
        # The worker begins a new peak before each step, to learn what the engine needs.
        file.write(f"{engine.models[0].device.peak_bytes}\n")
        return outcomes

    return noted

"""The description of an engine, and loading the engine that it describes."""

import importlib
import operator
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import cast

from narrated.engines.interface import Engine, Kind, Options
from narrated.engines.model_interface import EngineContext
from narrated.errors import EngineUnavailable

DEFAULT_LIMIT = 400
"""Most characters of one chunk, for an engine that was not made by us."""

_LOADER = "load"
_PACKAGES = MappingProxyType({"narrated.engines.tortoise.engine": "tortoise"})


@dataclass(frozen=True, slots=True)
class EngineSpec:
    """An engine's module, and the configuration's options for it."""

    name: str
    kind: Kind
    module: str
    """`module` or `module:function`; without a function it is `load`."""
    limit_characters: int
    """Most characters of one chunk; 0 for a captioner."""
    holds_models: bool = False
    """True if it shares one worker, and one memory budget, with all engines that have models."""
    python: str = ""
    """Path of the interpreter that it needs; empty for the daemon's own."""
    path: str = ""
    """A folder to search for the module, besides the interpreter's packages."""
    options: Options = field(default_factory=dict)
    distribution: str = ""
    """Name and version of the distribution that its entry point is from; empty if none."""

    @property
    def installed_as(self) -> str:
        """Its name for `narrated engines install`; empty if it needs no such command."""
        return _PACKAGES.get(self.module, "")

    @property
    def title(self) -> str:
        """Its name for messages, with its distribution."""
        origin = f" (from {self.distribution})" if self.distribution else ""
        return f"{self.name}{origin}"


def load(spec: EngineSpec, context: EngineContext) -> Engine:
    """Import an engine's module and call its loader. Raises EngineUnavailable if that fails."""
    return _loader(spec)(spec.options, context)


def _loader(spec: EngineSpec) -> "Callable[[Options, EngineContext], Engine]":
    if spec.path and spec.path not in sys.path:
        sys.path.append(spec.path)
    module, _, function = spec.module.partition(":")
    try:
        found = operator.attrgetter(function or _LOADER)(importlib.import_module(module))
    except (ImportError, AttributeError) as error:
        raise EngineUnavailable(
            f"The module {module} of the engine {spec.title} cannot be used: {error}.",
            "Install the missing package into the interpreter of its worker.",
        ) from error
    return cast("Callable[[Options, EngineContext], Engine]", found)

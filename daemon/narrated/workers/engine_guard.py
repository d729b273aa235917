"""Guards calls into an engine: an engine's error fails its own requests alone."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from narrated.engines.interface import Engine, EngineContext, RequestFailure
from narrated.engines.registry import EngineSpec, load
from narrated.errors import DeviceLost, EngineError, EngineUnavailable, OutOfMemory

logger = logging.getLogger("narrated.worker")


def load_engine(fields: dict[str, Any], context: EngineContext) -> Engine:
    """Load a specification's engine; its errors, except DeviceLost, become EngineUnavailable."""
    spec = EngineSpec(**fields)
    try:
        return load(spec, context)
    except (EngineUnavailable, DeviceLost):
        raise
    except EngineError as error:
        raise EngineUnavailable(
            f"The engine {spec.title} cannot be loaded: {error.problem}",
            error.remedy or f"Correct `engines: {{{spec.name}: {{options: …}}}}`.",
        ) from error
    except Exception as error:  # as in guarded
        logger.exception("loading %s", spec.name)
        raise EngineUnavailable(
            f"The engine {spec.title} could not be loaded: {_described(error)}.",
            "Its output is in the daemon's log at level debug (`log: debug`).",
        ) from error


@contextmanager
def guarded(ids: list[str], failed: list[RequestFailure]) -> Iterator[None]:
    """Turn an engine's errors into failures of these requests; the worker goes on."""
    try:
        yield
    except DeviceLost:
        raise  # this process cannot use the device any more
    except OutOfMemory as error:
        failing = [id for id in error.rows if id in ids] or ids
        failed += [RequestFailure(id, error.problem, error.remedy) for id in failing]
    except (EngineError, EngineUnavailable) as error:
        unavailable = isinstance(error, EngineUnavailable)
        failed += [RequestFailure(id, error.problem, error.remedy, unavailable) for id in ids]
    except Exception as error:
        logger.exception("working on %s", ", ".join(ids))
        problem = f"The engine raised {_described(error)}."
        failed += [RequestFailure(id, problem, among_others=len(ids) > 1) for id in ids]


def _described(error: Exception) -> str:
    return f"{type(error).__name__}: {error}".rstrip(": .")

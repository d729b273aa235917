"""Checks the configuration's `boxes:`."""

import re

from narrated.config.values import BoxConfig, Config
from narrated.config.worker_specs import engine_spec
from narrated.errors import ConfigurationError
from narrated.printable import printable

LONGEST_SOCKET_PATH = 107
"""Bytes that the kernel takes as the address of a UNIX socket."""

_NAME = re.compile(r"[a-z0-9][a-z0-9_.-]{0,62}")
_WORKER = re.compile(r"(models|engines)(-\d+)?")
_MOST_WORKERS = 1000


def check_boxes(config: Config) -> None:
    """Refuse a box that cannot be reached by its name, or an engine that it cannot have.

    Errors: ConfigurationError.
    """
    several = {
        f"{name}-{n + 1}": name
        for name, box in config.boxes.items()
        for n in range(min(box.workers, _MOST_WORKERS))
        if box.workers > 1
    }
    for name, box in config.boxes.items():
        key = f"{config.source}: `boxes.{printable(name)}`"
        if not _NAME.fullmatch(name) or _WORKER.fullmatch(name):
            raise ConfigurationError(
                f"{key}: that cannot be the name of a box.",
                "Use a to z, digits, `-`, `_` and `.`, such as box2; `models` and `engines` are "
                "workers of this machine.",
            )
        if name in several:
            raise ConfigurationError(
                f"{key}: that is the name of a worker of `boxes.{several[name]}`.",
                "Choose another.",
            )
        _check_box(config, box, key)
    on_boxes = {engine for box in config.boxes.values() for engine in box.engines}
    for engine in set(config.workers.only_boxes) - on_boxes:
        raise ConfigurationError(
            f"{config.source}: `workers.only_boxes`: no box has the engine `{engine}`.",
            "Add it to `engines` of a box in `boxes:`, or remove it here.",
        )


def _check_box(config: Config, box: BoxConfig, key: str) -> None:
    if len(bytes(box.socket)) > LONGEST_SOCKET_PATH:
        raise ConfigurationError(
            f"{key}: its socket's path has more than {LONGEST_SOCKET_PATH} bytes.",
            "Choose a shorter one, such as /run/narrated-workers/box2.sock.",
        )
    if not 1 <= box.workers <= _MOST_WORKERS:
        raise ConfigurationError(
            f"{key}: `workers: {box.workers}` cannot be.",
            f"Use 1 to {_MOST_WORKERS}; more than 1 are behind the socket of a bridge alone.",
        )
    if not box.engines:
        raise ConfigurationError(f"{key}: it has no engines.", "Name some, such as [bark].")
    for name in box.engines:
        try:
            spec = engine_spec(config, name)
        except ConfigurationError as error:
            raise ConfigurationError(f"{key}: {error.problem}", error.remedy) from error
        if spec.python:
            raise ConfigurationError(
                f"{key}: the engine `{name}` has an interpreter of its own (`python`).",
                "Engines on boxes run in the narrated that is installed there: choose others.",
            )

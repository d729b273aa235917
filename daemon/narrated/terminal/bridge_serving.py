"""Runs the bridge to a Ray cluster, as its command says."""

import asyncio
import logging
import shlex
import signal
import socket
from collections.abc import Coroutine
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from narrated.errors import NarratedError
from narrated.serving.listening import passed_sockets
from narrated.systemd_notify import ServiceNotifier

_REACHED_S = 5.0


@dataclass(frozen=True, slots=True)
class BridgeOrder:
    """What the command was told."""

    address: str
    socket: Path | None
    workers: int
    gpus: float
    cpus: float
    resources: tuple[str, ...]
    worker: str
    listen: str


def serve_bridge(order: BridgeOrder) -> None:
    """Serve until a signal. Errors: NarratedError."""
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    resources = dict(map(_resource, order.resources))
    host, port = _address(order.listen)
    with _listening(order.socket) as listening:
        _reach(order.address)
        try:
            from narrated.bridge.bridge import Bridge
            from narrated.bridge.cluster import Cluster, SeatNeeds
        except ImportError as error:
            raise NarratedError(
                f"The bridge needs Ray: {error}.", "pip install 'narrated[ray]'"
            ) from error
        needs = SeatNeeds(order.gpus, order.cpus, resources)
        try:
            cluster = Cluster(order.address, needs, shlex.split(order.worker))
        except (RuntimeError, ValueError, OSError) as error:
            raise _unreachable(order.address, error) from error
        bridge = Bridge(cluster, order.workers)
        with suppress(asyncio.CancelledError):
            asyncio.run(_until_signal(bridge.serve(listening, host, port)))


async def _until_signal(serving: Coroutine[Any, Any, None]) -> None:
    task = asyncio.ensure_future(serving)
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, task.cancel)
    with ServiceNotifier() as notifier:
        notifier.ready("")
        await task


def _resource(told: str) -> tuple[str, float]:
    name, _, amount = told.partition("=")
    try:
        return name, float(amount)
    except ValueError:
        raise NarratedError(f"`--resource {told}` is no NAME=N.", "Such as voice_gpu=1.") from None


def _reach(address: str) -> None:
    """Ask the head first: Ray itself would try for minutes. Errors: NarratedError."""
    host, port = _address(address.removeprefix("ray://"))
    try:
        socket.create_connection((host, port), timeout=_REACHED_S).close()
    except OSError as error:
        raise _unreachable(address, error) from error


def _unreachable(address: str, error: Exception) -> NarratedError:
    return NarratedError(
        f"The cluster at {address} cannot be joined: {error}.",
        "See that its head runs (`ray status`), and that this machine may reach it.",
    )


def _address(told: str) -> tuple[str, int]:
    """HOST[:PORT]; 0 is any free port."""
    host, _, port = told.rpartition(":") if told.rpartition(":")[0] else (told, "", "0")
    if not port.isdecimal() or int(port) > 0xFFFF:
        raise NarratedError(f"`{told}` is no HOST:PORT.", "Such as 10.0.0.5:7000.")
    return host, int(port)


def _listening(path: Path | None) -> socket.socket:
    """The socket of systemd, or one of our own at this path. Errors: NarratedError."""
    if passed := passed_sockets():
        return passed[0]
    if path is None:
        raise NarratedError("The bridge has no socket.", "Name one: --socket PATH.")
    made = socket.socket(socket.AF_UNIX)
    try:
        path.unlink(missing_ok=True)
        made.bind(str(path))
        made.listen(128)
    except OSError as error:
        made.close()
        raise NarratedError(f"{path} cannot be listened on: {error.strerror}.", "") from error
    return made

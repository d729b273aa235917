"""Seats in a Ray cluster: made where the daemon asks for a worker, and given back when idle."""

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

import ray
import ray.util
from ray import cloudpickle
from ray.exceptions import RayError

from narrated.bridge import seat as seat_module
from narrated.bridge.seat import Seat


class NoSeat(Exception):
    """The cluster has no place for a worker, with the reason."""


@dataclass(frozen=True, slots=True)
class SeatNeeds:
    """What a seat reserves in the cluster."""

    gpus: float = 1.0
    cpus: float = 1.0
    others: dict[str, float] = field(default_factory=dict)
    """Resources of the cluster's own names."""

    @property
    def told(self) -> str:
        """The same in words."""
        wanted = {"GPU": self.gpus, "CPU": self.cpus, **self.others}
        return ", ".join(f"{amount:g} {name}" for name, amount in wanted.items() if amount)


class ClusterSeat:
    """A seat that was asked for. It may wait for its place, or be gone by now."""

    def __init__(self, actor: Any) -> None:
        self.is_gone = False
        self._actor = actor
        self._node = asyncio.wrap_future(actor.place.remote().future())

    @property
    def node(self) -> str:
        """The name of its node; empty while it has none."""
        is_placed = self._node.done() and not self._node.exception()
        return str(self._node.result()) if is_placed else ""

    async def placed(self) -> None:
        """Wait until it has its place, which may take for ever. Errors: NoSeat."""
        try:
            await asyncio.shield(self._node)
        except RayError as error:
            self.is_gone = True
            raise NoSeat(f"its actor did not start: {_first_line(error)}") from None

    async def work(self, address: tuple[str, int], token: bytes) -> str:
        """Run a worker until it ends; its last words, or why the seat was lost."""
        try:
            answer = self._actor.work.remote(address, token)
            return str(await asyncio.wrap_future(answer.future()))
        except RayError as error:
            self.is_gone = True
            return _first_line(error)
        except OSError as error:
            return str(error)

    def give_back(self) -> None:
        """End the actor, and its worker; its place is free."""
        self.is_gone = True
        with suppress(RayError, RuntimeError, ValueError):  # it, or the whole cluster, is gone
            ray.kill(self._actor)


class Cluster:
    """Joined by its address; the seats die with this process, since none of them is detached."""

    def __init__(self, address: str, needs: SeatNeeds, command: Sequence[str]) -> None:
        """Join it. Errors: ConnectionError."""
        cloudpickle.register_pickle_by_value(seat_module)
        ray.init(address=address, log_to_driver=False, configure_logging=False)
        self._needs = needs
        self._make = ray.remote(Seat).options(
            num_gpus=needs.gpus, num_cpus=needs.cpus, resources=needs.others, max_restarts=0
        )
        self._command = [*command]

    @property
    def wanted(self) -> str:
        """What a seat reserves, in words."""
        return self._needs.told

    @property
    def own_address(self) -> str:
        """The address of this machine that other nodes know."""
        return str(ray.util.get_node_ip_address())

    def seat(self) -> ClusterSeat:
        """Ask for a seat. While it waits, the cluster sees what it lacks, and may start a node."""
        return ClusterSeat(self._make.remote(self._command))


def _first_line(error: Exception) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0][:300]

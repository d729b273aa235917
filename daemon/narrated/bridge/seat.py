"""A seat in a Ray cluster: an actor whose child is the ordinary worker.

Ray pickles this module by value, so that a node's own interpreter needs nothing of narrated: the
command names the program that has it. It imports the standard library alone.
"""

import ctypes
import os
import signal
import socket
import subprocess
import sys
from collections import deque
from collections.abc import Sequence

LINES_KEPT = 5
_CONNECT_S = 10.0
_PR_SET_PDEATHSIG = 1


class Seat:
    """Holds a place in the cluster, with its GPU, and runs a worker in it, one after the other."""

    def __init__(self, command: Sequence[str]) -> None:
        self._command = [*command]

    def place(self) -> str:
        """Return the name of its node; the cluster answers this once the seat has its place."""
        return socket.gethostname()

    def work(self, address: tuple[str, int], token: bytes) -> str:
        """Run a worker that speaks with the bridge, until it ends; its last words.

        Errors: OSError if the bridge cannot be reached, or the command cannot be run.
        """
        with socket.create_connection(address, timeout=_CONNECT_S) as wire:
            wire.sendall(token)
            wire.settimeout(None)
            wire.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            wire.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
            process = subprocess.Popen(
                self._command,
                stdin=wire.fileno(),
                stdout=wire.fileno(),
                stderr=subprocess.PIPE,
                env=_environment(),
                preexec_fn=_end_with_parent,
            )
        assert process.stderr is not None
        last: deque[str] = deque(maxlen=LINES_KEPT)
        with process.stderr:
            for line in process.stderr:
                last.append(line.decode(errors="replace").rstrip())
                print(last[-1], file=sys.stderr, flush=True)  # Ray's own log of the actor
        process.wait()
        return "\n".join(last)


def _environment() -> dict[str, str]:
    """Ray's own variables stay: CUDA_VISIBLE_DEVICES is the GPU that this seat has."""
    return {name: each for name, each in os.environ.items() if name != "PYTHONPATH"}


def _end_with_parent() -> None:
    """Have the worker killed when the actor dies, however that comes: its GPU is given on then."""
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)

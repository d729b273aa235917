"""A Ray cluster of this machine for tests, and the bridge to it."""

import contextlib
import os
import shlex
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ray.cluster_utils import Cluster

from support.daemon import wait
from workers.boxes import CONFIG, PACKAGE
from workers.support import ENGINES

ENVIRONMENT = {"RAY_USAGE_STATS_ENABLED": "0", "RAY_gcs_rpc_server_reconnect_timeout_s": "5"}
"""A head that is away ends the cluster's processes after a minute; here sooner."""
STORE_BYTES = 80 << 20  # of a node, for objects: there are none
NODE = {
    "num_cpus": 2,
    "num_gpus": 1,
    "object_store_memory": STORE_BYTES,
    "include_dashboard": False,
}


@contextlib.contextmanager
def ray_cluster(gpus: int, port: int = 0) -> Iterator[Cluster]:
    """A head without a GPU, and so many nodes with one GPU each that is none."""
    with _environment():
        head = {**NODE, "num_gpus": 0, **({"gcs_server_port": port} if port else {})}
        cluster = Cluster(initialize_head=True, head_node_args=head)
        try:
            for _ in range(gpus):
                cluster.add_node(**NODE)
            yield cluster
        finally:
            cluster.shutdown()


@contextlib.contextmanager
def _environment() -> Iterator[None]:
    """Ray's processes send nothing to anybody, and have no import path of the tests."""
    before = {name: os.environ.get(name) for name in (*ENVIRONMENT, "PYTHONPATH")}
    os.environ.update(ENVIRONMENT)
    os.environ.pop("PYTHONPATH", None)
    try:
        yield
    finally:
        for name, value in before.items():
            os.environ.pop(name, None)
            if value is not None:
                os.environ[name] = value


class RayBridge:
    """`narrated bridge ray` as its unit starts it."""

    def __init__(self, home: Path, cluster: Cluster, workers: int = 3) -> None:
        self.socket = home / "bridge.sock"
        self._log = home / "bridge.log"
        own = ("--address", cluster.address, "--socket", str(self.socket), "--cpus", "0.5")
        command = shlex.join(worker_command(home))
        self._command = ("bridge", "ray", *own, "--workers", str(workers), "--worker", command)
        self.process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> "RayBridge":
        env = {**os.environ, **ENVIRONMENT, "PYTHONPATH": PACKAGE}
        with self._log.open("ab") as log:
            self.process = subprocess.Popen(
                (sys.executable, "-m", "narrated.cli", *self._command), env=env, stderr=log
            )
        wait(lambda: "workers connect to" in self.log or self._has_ended(), lambda: self.log)
        return self

    def __exit__(self, *_: object) -> None:
        self.stop(signal.SIGTERM)

    def stop(self, number: signal.Signals) -> None:
        assert self.process is not None
        self.process.send_signal(number)
        self.process.wait(30)

    def _has_ended(self) -> bool:
        assert self.process is not None
        return self.process.poll() is not None

    @property
    def log(self) -> str:
        return self._log.read_text(errors="replace") if self._log.exists() else ""

    @property
    def settings(self) -> dict[str, Any]:
        """What the daemon's configuration says of it."""
        box = {"socket": str(self.socket), "engines": ["toy"], "workers": 3}
        return {"boxes": {"studio": box}, "workers": {"only_boxes": ["toy"]}}


def worker_command(home: Path) -> list[str]:
    """The command of a worker whose own configuration has the toy."""
    config = home / "node.yaml"
    config.write_text(CONFIG.format(engines=ENGINES))
    ours = ("env", f"PYTHONPATH={PACKAGE}", sys.executable, "-m", "narrated.cli")
    return [*ours, "--config", str(config), "worker"]


def actors() -> list[int]:
    """The processes of seats, on all nodes."""
    pids = (int(path.name) for path in Path("/proc").iterdir() if path.name.isdecimal())
    return [pid for pid in pids if _is_seat(pid)]


def far_workers() -> list[int]:
    """The workers that seats have started."""
    found: list[int] = []
    for seat in actors():
        with contextlib.suppress(OSError):
            for task in Path(f"/proc/{seat}/task").iterdir():
                found += map(int, (task / "children").read_text().split())
    return found


def _is_seat(pid: int) -> bool:
    try:
        return b"ray::Seat" in Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return False

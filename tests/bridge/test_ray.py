"""Workers of a Ray cluster, by the bridge: nodes of this machine, each with a GPU that is none."""

import os
import signal
import socket
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from ray.cluster_utils import Cluster

from bridge.ray_cluster import NODE, RayBridge, actors, far_workers, ray_cluster
from support.daemon import Daemon, running, toy, wait
from workers.support import ends_within

pytestmark = pytest.mark.timeout(600)


@pytest.fixture(scope="module")
def cluster() -> Iterator[Cluster]:
    with ray_cluster(2) as made:
        yield made


@pytest.fixture
def bridge(tmp_path: Path, cluster: Cluster) -> Iterator[RayBridge]:
    with RayBridge(tmp_path, cluster) as made:
        yield made


@pytest.fixture
def daemon(tmp_path: Path, bridge: RayBridge) -> Iterator[Daemon]:
    """A daemon whose engine speaks in the cluster alone; two of its three workers find a place."""
    settings = {**toy(tmp_path, rows=2, delay_s=0.2), **bridge.settings}
    with running(tmp_path, **settings) as made:
        wait(lambda: _ready(made) == 2, lambda: bridge.log + made.log)
        yield made


def _ready(daemon: Daemon) -> int:
    return sum(each["state"] == "ready" for each in daemon.status()["workers"] if each["box"])


def _post(title: str, parts: int) -> str:
    return "\n\n".join([f"# {title}", *(f"Part {number} of {title}." for number in range(parts))])


def _times(daemon: Daemon, title: str) -> Counter[str]:
    return Counter(text for text in daemon.spoken if text.startswith("Part") and title in text)


def test_cluster_speaks_a_post(daemon: Daemon, bridge: RayBridge) -> None:
    """Workers of two nodes speak a post, each part once; one that finds no place is told why."""
    post = _post("Shared", 12)
    daemon.drop("shared.md", post)
    daemon.published("shared", post)
    assert list(_times(daemon, "Shared").values()) == [1] * 12
    wait(lambda: "has no place for 1 GPU, 0.5 CPU yet" in str(daemon.status()["workers"]))
    told = daemon.ask("status").stdout
    assert f" on {socket.gethostname()} is ready, engines: toy; spoke " in told, told
    assert "times as fast as speech" in told


def test_killed_bridge_leaves_no_actor(daemon: Daemon, bridge: RayBridge) -> None:
    """After a kill of the bridge no actor and no worker is left; started again, it goes on."""
    post = _post("Killed", 24)
    daemon.drop("killed.md", post)
    wait(lambda: len(_times(daemon, "Killed")) > 4, lambda: daemon.log)
    bridge.stop(signal.SIGKILL)
    wait(lambda: not actors() and not far_workers(), lambda: str(actors()))
    with bridge:
        daemon.published("killed", post)
        times = _times(daemon, "Killed")
        assert len(times) == 24 and times.total() <= 24 + 2 * 2


@pytest.mark.long
def test_killed_actor_is_replaced(daemon: Daemon, bridge: RayBridge) -> None:
    """An actor that is killed takes its worker with it; another one has its place."""
    post = _post("Actor", 24)
    daemon.drop("actor.md", post)
    wait(lambda: len(_times(daemon, "Actor")) > 4, lambda: daemon.log)
    killed, worker = actors()[0], far_workers()[0]
    os.kill(killed, signal.SIGKILL)
    assert ends_within(worker, 30)
    daemon.published("actor", post)
    wait(lambda: _ready(daemon) == 2, lambda: bridge.log)
    assert _times(daemon, "Actor").total() <= 24 + 2


@pytest.mark.long
def test_nodes_come_and_go(daemon: Daemon, bridge: RayBridge, cluster: Cluster) -> None:
    """A node that comes is used; one that goes costs what was in flight on it."""
    added = cluster.add_node(**NODE)
    wait(lambda: _ready(daemon) == 3, lambda: bridge.log)
    post = _post("Nodes", 36)
    daemon.drop("nodes.md", post)
    wait(lambda: len(_times(daemon, "Nodes")) > 6, lambda: daemon.log)
    cluster.remove_node(added, allow_graceful=False)
    daemon.published("nodes", post)
    times = _times(daemon, "Nodes")
    assert len(times) == 36 and times.total() <= 36 + 2
    wait(lambda: _ready(daemon) == 2, lambda: bridge.log)


@pytest.mark.long
def test_daemon_killed_beside_bridge(daemon: Daemon, bridge: RayBridge) -> None:
    """A daemon that is killed finds the cluster's workers again, and repeats what was in flight."""
    post = _post("Daemon", 24)
    daemon.drop("daemon.md", post)
    wait(lambda: len(_times(daemon, "Daemon")) > 4, lambda: daemon.log)
    daemon.kill()
    wait(lambda: not far_workers(), lambda: bridge.log)
    daemon.start()
    daemon.published("daemon", post)
    times = _times(daemon, "Daemon")
    assert len(times) == 24 and times.total() <= 24 + 2 * 2


@pytest.mark.long
def test_head_away_and_back(tmp_path: Path) -> None:
    """A head that is away ends the bridge; once both are back the daemon finds the workers."""
    post = _post("Head", 24)
    with ray_cluster(1) as cluster:
        bridge = RayBridge(tmp_path, cluster)
        daemon = Daemon(tmp_path, **{**toy(tmp_path, rows=2, delay_s=0.2), **bridge.settings})
        port = int(cluster.address.rpartition(":")[2])
        bridge.__enter__()
        daemon.start()
        wait(lambda: _ready(daemon) == 1, lambda: bridge.log + daemon.log)
        daemon.drop("head.md", post)
        wait(lambda: len(_times(daemon, "Head")) > 4, lambda: daemon.log)
        cluster.head_node.kill_all_processes(check_alive=False, allow_graceful=False)
    assert bridge.process is not None
    assert bridge.process.wait(90) != 0
    wait(lambda: not actors())
    with ray_cluster(1, port), bridge:
        daemon.published("head", post)
        times = _times(daemon, "Head")
        daemon.stop()
    assert len(times) == 24 and times.total() <= 24 + 2

"""The service beside the bridge to a Ray cluster, as docs/cluster.md sets them up."""

import importlib.util
import json
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from support.booted import until, why_not
from support.box import PROGRAM, PYTHON, Box, installed, toy

SPOKEN = Path("/var/tmp/spoken.txt")
ROWS = 2
BOX = {"socket": "/run/narrated-workers/studio.sock", "engines": ["toy"], "workers": 2}
CONFIGURATION = toy(log=str(SPOKEN), rows=ROWS, delay_s=0.2) | {
    "boxes": {"studio": BOX},
    "workers": {"only_boxes": ["toy"]},
}
NODE = f"""
[Service]
User=narrated-worker
Environment=RAY_USAGE_STATS_ENABLED=0 HOME=/tmp
ExecStart={PYTHON} -m ray.scripts.scripts start --head --block --node-ip-address=127.0.0.1 \
--port=6379 --num-cpus=2 --num-gpus=2 --object-store-memory=80000000 --include-dashboard=false
"""
BRIDGE = f"BRIDGE=\"--address 127.0.0.1:6379 --cpus 0.5 --worker '{PROGRAM} worker'\"\n"
UNITS = ("narrated-bridge@studio.socket", "narrated-bridge@studio.service")

pytestmark = [
    pytest.mark.peers,
    pytest.mark.skipif(bool(why_not()), reason=why_not()),
    pytest.mark.skipif(importlib.util.find_spec("ray") is None, reason="needs ray"),
]


@pytest.fixture(scope="module")
def box() -> Iterator[Box]:
    """A box that is the one node of its cluster, with two GPUs that are none."""
    with installed(**CONFIGURATION) as box:
        (box.root / "run/systemd/system/ray-node.service").write_text(NODE)
        (box.root / "etc/narrated/workers/bridge-studio").write_text(BRIDGE)
        box.run("systemctl", "daemon-reload")
        box.run("systemctl", "start", "ray-node")
        box.run("systemctl", "start", *UNITS, check=False)  # the head may be away yet
        _wait_ready(box)
        yield box


def _workers(box: Box) -> list[dict[str, Any]]:
    status = json.loads(box.run(PROGRAM, "status", "--json"))
    return [each for each in status["workers"] if each["box"]]


def _wait_ready(box: Box) -> None:
    try:
        until(lambda: [each["state"] for each in _workers(box)] == ["ready"] * 2, 150)
    except AssertionError as error:
        words = box.journal("-u", "narrated-bridge@studio") + box.journal("-u", "ray-node")
        raise AssertionError(f"{box.log}{words}\n{_workers(box)}") from error


def _times_spoken(box: Box, title: str) -> Counter[str]:
    path = box.root / str(SPOKEN)[1:]
    lines = path.read_text().splitlines() if path.exists() else []
    return Counter(line for line in lines if line.startswith("Part") and title in line)


def test_cluster_beside_the_service(box: Box) -> None:
    """A killed bridge is started again, and costs what was in flight; the daemon goes on, and
    has no network."""
    parts = [f"Part {number} of Studio." for number in range(24)]
    daemon, bridge = box.main_pid, box.shows(UNITS[1], "MainPID")
    box.drop("Studio.md", "\n\n".join(["# Studio", *parts]))
    until(lambda: _times_spoken(box, "Studio").total() > 4)
    box.run("systemctl", "kill", "--kill-who=main", "-s", "KILL", UNITS[1])
    box.heard("Studio", 150)
    times = _times_spoken(box, "Studio")
    assert len(times) == 24 and times.total() <= 24 + 2 * ROWS, times
    assert box.main_pid == daemon
    assert box.shows(UNITS[1], "MainPID") not in ("0", bridge)
    links = (box.process / "net/dev").read_text().splitlines()[2:]
    assert [line.split(":")[0].strip() for line in links] == ["lo"]

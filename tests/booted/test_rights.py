"""The service's rights on the box, tried from inside, and systemd's view of its unit."""

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from support.booted import until
from support.box import PROGRAM, Box

REPORT = Path("/var/lib/narrated/probe.json")
TRACE = "probe-was-here"
CONFIGURATION = {
    "engines": {
        "probe": {
            "module": "confinement_probe",
            "path": "/opt/checkout/tests/engines",
            "options": {"report": str(REPORT), "trace": TRACE},
        }
    }
}
OWN = ("/srv/narrated/outbox", "/var/lib/narrated", "/var/cache/narrated", "/run/narrated")
UNIT = "/etc/systemd/system/narrated.service"


@pytest.fixture(scope="module")
def report(box: Box) -> dict[str, Any]:
    """The rights that one of the service's own processes found."""
    path = box.root / str(REPORT)[1:]
    until(path.exists)
    until(lambda: path.read_text().endswith("}"))
    return dict(json.loads(path.read_text()))


def test_writes_only_to_own_folders(box: Box, report: dict[str, Any]) -> None:
    """It writes to its own state and cache and to the outbox alone."""
    seen_outside = {folder for folder in report["left"] if (box.root / folder[1:] / TRACE).exists()}
    assert {folder for folder in seen_outside if not folder.startswith(OWN)} == set()
    assert seen_outside >= {"/srv/narrated/outbox", "/var/lib/narrated", "/var/cache/narrated"}
    private = {"/tmp", "/var/tmp", "/dev/shm", "/dev/mqueue"}
    strangers = {folder for folder in report["left"] if not folder.startswith(OWN)}
    assert strangers <= private


def test_runs_as_own_user_alone(box: Box, report: dict[str, Any]) -> None:
    """It is nobody but its own user."""
    user, group = (int(box.run("id", flag, "narrated")) for flag in ("-u", "-g"))
    assert report["users"] == [user] * 3
    assert set(report["groups"]) == {group}
    processes = box.processes
    assert len(processes) > 1
    assert {process.stat().st_uid for process in processes} == {user}


def test_service_has_no_network(box: Box, report: dict[str, Any]) -> None:
    """It has no network at all."""
    assert report["sockets"] == ["AF_UNIX"]
    devices = (box.process / "net/dev").read_text().splitlines()[2:]
    assert [line.split(":")[0].strip() for line in devices] == ["lo"]
    assert (box.process / "ns/net").readlink() != (box.root / "proc/1/ns/net").readlink()


def test_may_lease_files_only(box: Box) -> None:
    """It may lease files and nothing else."""
    status = (box.process / "status").read_text()
    lines = dict(line.split(":\t", 1) for line in status.splitlines() if ":\t" in line)
    lease = 1 << 28
    assert {int(lines[name], 16) for name in ("CapBnd", "CapEff", "CapAmb")} == {lease}
    assert lines["NoNewPrivs"] == "1"
    assert lines["Seccomp"] == "2"


@pytest.mark.parametrize(("gpu", "most"), [(False, 0.8), (True, 1.0)], ids=["bare", "gpu"])
def test_systemd_accepts_the_units(
    box: Box, gpu: bool, most: float, figure: Callable[[str], None]
) -> None:
    """systemd finds no fault with what was installed and little exposed."""
    box.run(PROGRAM, "install", *["--gpu"] * gpu)
    drop_in = box.root / f"{UNIT}.d/20-gpu.conf"[1:]
    assert drop_in.exists() == gpu
    try:
        said = box.run("systemd-analyze", "verify", "--man=no", "narrated.service")
        threshold = f"--threshold={most * 10:.0f}"
        judged = box.run("systemd-analyze", "security", "--offline=true", threshold, UNIT)
    finally:
        drop_in.unlink(missing_ok=True)
    assert said == ""
    score = re.search(r"Overall exposure level for narrated.service: ([\d.]+)", judged)
    assert score is not None
    figure(f"{box.systemd}: exposed by {score[1]} of 10{', with a GPU' if gpu else ''}")
    assert float(score[1]) <= most

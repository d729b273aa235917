"""The shipped units, judged by systemd's own tools without booting it."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest

UNITS = Path(__file__).parents[1] / "systemd"

pytestmark = [
    pytest.mark.peers,
    pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="needs systemd-analyze"),
]


def exposed_at_most(score: float, unit: Path) -> None:
    """Assert systemd's exposure score, from 0 (shut in) to 10."""
    done = subprocess.run(
        ["systemd-analyze", "security", "--offline=true", f"--threshold={score * 10:.0f}", unit],
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "Overall exposure level" in done.stdout


def test_exposure_of_the_service(tmp_path: Path) -> None:
    """The service's exposure score is at most 0.7."""
    exposed_at_most(0.7, shutil.copy(UNITS / "narrated.service", tmp_path))


def test_exposure_with_a_gpu(tmp_path: Path) -> None:
    """With a GPU the exposure score is at most 0.9."""
    unit = shutil.copy(UNITS / "narrated.service", tmp_path)
    drop_ins = tmp_path / "narrated.service.d"
    drop_ins.mkdir()
    shutil.copy(UNITS / "narrated-gpu.conf", drop_ins / "20-gpu.conf")
    exposed_at_most(0.9, unit)


def test_exposure_of_the_server(tmp_path: Path) -> None:
    """The exposure score of the service that serves the podcast is at most 0.5."""
    exposed_at_most(0.5, shutil.copy(UNITS / "narrated-serve.service", tmp_path))


@pytest.mark.parametrize("whose", ["system", "user"])
def test_server_units_verify(whose: str, tmp_path: Path) -> None:
    """systemd reports no problem with the server's service and its socket."""
    folder = UNITS / "user" if whose == "user" else UNITS
    text = (folder / "narrated-serve.service").read_text()
    ours = re.sub(r"(?m)^ExecStart=\S+", "ExecStart=/bin/true", text)
    assert ours != text
    (tmp_path / "narrated-serve.service").write_text(ours)
    shutil.copy(folder / "narrated-serve.socket", tmp_path)
    units = [tmp_path / f"narrated-serve.{kind}" for kind in ("service", "socket")]
    done = subprocess.run(
        ["systemd-analyze", f"--{whose}", "verify", "--man=no", *units],
        capture_output=True,
        text=True,
        env={"PATH": "/usr/bin:/bin", "HOME": str(tmp_path), "XDG_RUNTIME_DIR": str(tmp_path)},
    )
    assert (done.stderr, done.returncode) == ("", 0)


def test_exposure_of_the_push(tmp_path: Path) -> None:
    """The unit with the network is exposed by 1.3 at most, and its neighbour by 0.4."""
    exposed_at_most(1.3, shutil.copy(UNITS / "narrated-push.service", tmp_path))
    exposed_at_most(0.4, shutil.copy(UNITS / "narrated-push-again.service", tmp_path))


@pytest.mark.parametrize("whose", ["system", "user"])
def test_push_units_verify(whose: str, tmp_path: Path) -> None:
    """systemd reports no problem with the units that push the podcast."""
    folder = UNITS / "user" if whose == "user" else UNITS
    units = sorted(shutil.copy(unit, tmp_path) for unit in folder.glob("narrated-push*.*"))
    assert len(units) == 4
    verified(whose, tmp_path, *units)


def test_way_to_boxes_verifies(tmp_path: Path) -> None:
    """systemd reports no problem with the way to a box; its exposure score is at most 1.3."""
    text = (UNITS / "narrated-worker@.service").read_text()
    ours = re.sub(r"(?m)^ExecStart=\S+", "ExecStart=/bin/true", text)
    assert ours != text
    (tmp_path / "narrated-worker@.service").write_text(ours)
    shutil.copy(UNITS / "narrated-worker@.socket", tmp_path)
    exposed_at_most(1.3, tmp_path / "narrated-worker@.service")
    verified("system", tmp_path, tmp_path / "narrated-worker@box2.socket")


def test_bridge_units_verify(tmp_path: Path) -> None:
    """systemd reports no problem with the bridge; its exposure score is at most 2.5."""
    text = (UNITS / "narrated-bridge@.service").read_text()
    ours = re.sub(r"(?m)^ExecStart=\S+", "ExecStart=/bin/true", text)
    assert ours != text
    (tmp_path / "narrated-bridge@.service").write_text(ours)
    shutil.copy(UNITS / "narrated-bridge@.socket", tmp_path)
    exposed_at_most(2.5, tmp_path / "narrated-bridge@.service")
    verified("system", tmp_path, tmp_path / "narrated-bridge@studio.socket")


@pytest.mark.parametrize("unit", ["narrated.service", "user/narrated.service"])
def test_units_verify(unit: str, tmp_path: Path) -> None:
    # The program need not be installed here, nor be where the units suppose it.
    """systemd reports no problem with a unit."""
    program = tmp_path / "narrated"
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    ours = re.sub(r"(?m)^(ExecStart|ExecReload)=\S+", rf"\1={program}", (UNITS / unit).read_text())
    assert ours.count(str(program)) == 2
    copy = tmp_path / "narrated.service"
    copy.write_text(ours)
    verified("user" if unit.startswith("user/") else "system", tmp_path, copy)


def verified(whose: str, home: Path, *units: Path | str) -> None:
    """Assert that systemd has nothing to say about these units."""
    done = subprocess.run(
        ["systemd-analyze", f"--{whose}", "verify", "--man=no", *units],
        capture_output=True,
        text=True,
        env={"PATH": "/usr/bin:/bin", "HOME": str(home), "XDG_RUNTIME_DIR": str(home)},
    )
    # It exits with 0 for a key that it does not know; only what it says can be trusted.
    assert done.stderr == ""
    assert done.returncode == 0

"""`narrated bridge` says what it lacks, before it asks any cluster."""

import subprocess
import sys
from pathlib import Path

import pytest


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ((), "The bridge has no socket."),
        (("--resource", "gpu", "--socket", "bridge.sock"), "`--resource gpu` is no NAME=N."),
        (("--socket", "nowhere/bridge.sock"), "nowhere/bridge.sock cannot be listened on"),
        (("--workers", "0", "--socket", "bridge.sock"), "'--workers'"),
        (("--listen", "host:port", "--socket", "bridge.sock"), "`host:port` is no HOST:PORT."),
        (("--socket", "bridge.sock"), "The cluster at 127.0.0.1:1 cannot be joined"),
    ],
)
def test_bridge_refuses_its_order(arguments: tuple[str, ...], told: str, tmp_path: Path) -> None:
    """Without a socket, or with an option that cannot be, the bridge ends and says so."""
    command = (sys.executable, "-m", "narrated.cli", "bridge", "ray", "--address", "127.0.0.1:1")
    done = subprocess.run((*command, *arguments), cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode != 0
    assert told in done.stderr
    assert "Traceback" not in done.stderr

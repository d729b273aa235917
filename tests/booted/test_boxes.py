"""The service with four boxes behind a real sshd, as docs/boxes.md sets them up."""

import json
import shutil
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from support.booted import until, why_not
from support.box import PROGRAM, Box, installed, toy

NAMES = ("box2", "box3", "box4", "box5")
SPOKEN = Path("/var/lib/speaker/spoken.txt")
ROWS = 2
CONFIGURATION = toy(log=str(SPOKEN), rows=ROWS, seconds_a_character=0.01) | {
    "boxes": {
        name: {"socket": f"/run/narrated-workers/{name}.sock", "engines": ["toy"]} for name in NAMES
    },
    "workers": {"only_boxes": ["toy"]},
}
SSHD_CONFIG = """
ListenAddress 127.0.0.1:2222
HostKey /etc/narrated/workers/host-key
PidFile none
UsePAM no
PasswordAuthentication no
"""
SSHD = "box-sshd.service"

pytestmark = [
    pytest.mark.peers,
    pytest.mark.skipif(bool(why_not()), reason=why_not()),
    pytest.mark.skipif(not shutil.which("sshd", path="/usr/sbin"), reason="needs openssh-server"),
]


@pytest.fixture(scope="module")
def box() -> Iterator[Box]:
    """A box with four others, which are accounts of its own behind an sshd."""
    with installed(**CONFIGURATION) as box:
        own = box.root / "etc/narrated/workers"
        home = ("--system", "--create-home", "--home-dir", str(SPOKEN.parent))
        box.run("useradd", *home, "--shell", "/bin/sh", "--password", "*", "speaker")
        for name in ("ssh-key", "host-key"):
            key = f"/etc/narrated/workers/{name}"
            box.run("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", key)
        keys = box.root / str(SPOKEN.parent)[1:] / ".ssh/authorized_keys"
        keys.parent.mkdir()
        public = (own / "ssh-key.pub").read_text()
        keys.write_text(f'restrict,command="{PROGRAM} worker" {public}')
        box.run("chown", "-R", "speaker", SPOKEN.parent)
        (own / "known_hosts").write_text(f"[127.0.0.1]:2222 {(own / 'host-key.pub').read_text()}")
        hosts = "".join(
            f"Host {name}\n    HostName 127.0.0.1\n    Port 2222\n    User speaker\n"
            for name in NAMES
        )
        (own / "ssh_config").write_text(hosts + (own / "ssh_config").read_text())
        (own / "sshd_config").write_text(SSHD_CONFIG)
        command = "/usr/sbin/sshd -D -e -f /etc/narrated/workers/sshd_config"
        lines = ["[Service]", "RuntimeDirectory=sshd", f"ExecStart={command}", ""]
        (box.root / "run/systemd/system" / SSHD).write_text("\n".join(lines))
        box.run("systemctl", "daemon-reload")
        box.run("systemctl", "start", SSHD)
        sockets = [f"narrated-worker@{name}.socket" for name in NAMES]
        box.run("systemctl", "enable", "--now", *sockets)
        _wait_ready(box)
        yield box


def _workers(box: Box) -> dict[str, dict[str, Any]]:
    status = json.loads(box.run(PROGRAM, "status", "--json"))
    return {each["name"]: each for each in status["workers"] if each["box"]}


def _wait_ready(box: Box) -> None:
    try:
        until(
            lambda: [each["state"] for each in _workers(box).values()] == ["ready"] * len(NAMES), 25
        )
    except AssertionError as error:
        words = "".join(box.journal("-u", f"narrated-worker@{name}") for name in NAMES)
        raise AssertionError(f"{box.log}{words}\n{_workers(box)}") from error


def _spoken(box: Box) -> list[str]:
    path = box.root / str(SPOKEN)[1:]
    return path.read_text().splitlines() if path.exists() else []


def _drop(box: Box, title: str, parts: int) -> None:
    lines = [f"Part {number} of {title}." for number in range(parts)]
    box.drop(f"{title}.md", "\n\n".join([f"# {title}", *lines]))


def _times_spoken(box: Box, title: str) -> Counter[str]:
    """The parts of a post that were spoken, and how often."""
    return Counter(line for line in _spoken(box) if line.startswith("Part") and title in line)


def test_boxes_share_a_post(box: Box) -> None:
    """Boxes behind ssh speak a post, each part once; the daemon has no network."""
    _drop(box, "Shared", 12)
    box.heard("Shared")
    assert list(_times_spoken(box, "Shared").values()) == [1] * 12
    links = (box.process / "net/dev").read_text().splitlines()[2:]
    assert [line.split(":")[0].strip() for line in links] == ["lo"]
    for name in NAMES:
        assert "the toy prints to stdout" in box.journal("-u", f"narrated-worker@{name}")


def test_key_opens_no_shell(box: Box) -> None:
    """The key of the boxes starts a worker, whatever command comes with it."""
    key = "/etc/narrated/workers/ssh-key"
    ssh = f"ssh -i {key} -F /etc/narrated/workers/ssh_config box2 id"
    said = box.run("sh", "-c", f"CREDENTIALS_DIRECTORY=/etc/narrated/workers {ssh} < /dev/null")
    assert "uid=" not in said


def test_daemon_killed_with_boxes(box: Box, figure: Callable[[str], None]) -> None:
    """A daemon that is killed with boxes at work repeats only what was in flight."""
    _drop(box, "Killed", 30)
    until(lambda: _times_spoken(box, "Killed").total() > 4)
    box.run("systemctl", "kill", "--kill-who=main", "-s", "KILL", "narrated")
    began = time.monotonic()
    box.heard("Killed")
    times = _times_spoken(box, "Killed")
    assert len(times) == 30 and times.total() <= 30 + ROWS * len(NAMES), times
    figure(f"after kill -9: all published {time.monotonic() - began:.1f} s later")


def test_box_away_and_back(box: Box, figure: Callable[[str], None]) -> None:
    """Boxes whose sshd is gone are named in the status, and serve again once it is back."""
    box.run("systemctl", "kill", "-s", "KILL", SSHD)
    box.run("systemctl", "stop", SSHD)
    until(lambda: all("cannot be used" in each["problem"] for each in _workers(box).values()))
    _drop(box, "Away", 3)
    box.run("systemctl", "reset-failed", SSHD, check=False)
    box.run("systemctl", "start", SSHD)
    began = time.monotonic()
    _wait_ready(box)
    figure(f"four boxes ready {time.monotonic() - began:.1f} s after their sshd")
    box.heard("Away")
    assert list(_times_spoken(box, "Away").values()) == [1] * 3

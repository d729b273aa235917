"""The podcast's server as a service: its socket, its rights, its token, tried from the box."""

import re
from pathlib import Path

import pytest

from support.booted import until
from support.box import PROGRAM, PYTHON, Box, toy

CONFIGURATION = {**toy(), "podcast": {"title": "Blog"}}
UNIT = "narrated-serve.service"
_GET = """
import sys, urllib.error, urllib.request
try:
    answer = urllib.request.urlopen("http://127.0.0.1:8321/" + sys.argv[1], timeout=60)
except urllib.error.HTTPError as error:
    answer = error
print(answer.status, len(answer.read()))
"""


def get(box: Box, path: str) -> tuple[int, int]:
    """Ask the server from inside the box: the status, and the bytes that came."""
    status, size = box.run(PYTHON, "-I", "-S", "-c", _GET, path).split()
    return int(status), int(size)


@pytest.fixture(scope="module")
def process(box: Box) -> Path:
    """The server's folder in /proc, after its first answer."""
    box.drop("post.md")
    box.heard("post")
    until((box.outbox / "feed.xml").exists)
    box.run("systemctl", "enable", "--now", "narrated-serve.socket")
    assert box.shows(UNIT, "ActiveState") == "inactive"
    assert get(box, "feed.xml") == (200, (box.outbox / "feed.xml").stat().st_size)
    return box.root / "proc" / box.shows(UNIT, "MainPID")


def test_socket_starts_the_server(box: Box, process: Path) -> None:
    """A request starts it; it tells systemd what it serves, and serves no more than that."""
    assert get(box, "post.mp3") == (200, (box.outbox / "post.mp3").stat().st_size)
    assert get(box, "post.json")[0] == get(box, "narrated.status.txt")[0] == 404
    told = "Serving /srv/narrated/outbox at http://127.0.0.1:8321/"
    assert box.shows(UNIT, "StatusText") == told
    assert told in box.journal("-u", UNIT)


def test_server_reaches_nobody(box: Box, process: Path) -> None:
    """It has no network of its own, no capability, and runs as the daemon's account."""
    devices = (process / "net/dev").read_text().splitlines()[2:]
    assert [line.split(":")[0].strip() for line in devices] == ["lo"]
    assert (process / "ns/net").readlink() != (box.root / "proc/1/ns/net").readlink()
    status = (process / "status").read_text()
    assert re.findall(r"Cap(?:Bnd|Eff|Amb):\t(\w+)", status) == ["0" * 16] * 3
    assert "NoNewPrivs:\t1" in status
    assert "Seccomp:\t2" in status
    assert process.stat().st_uid == int(box.run("id", "-u", "narrated"))


def test_server_sees_what_it_serves(box: Box, process: Path) -> None:
    """It sees neither ledger nor inbox nor cache, and can write nowhere."""
    inside = ["nsenter", "-t", process.name, "--mount"]
    assert box.run(*inside, "ls", "-A", "/var/lib/narrated") == "serve"
    for hidden in ("/srv/narrated/inbox", "/var/cache/narrated"):
        assert box.run(*inside, "ls", "-A", hidden, check=False) == ""
    for folder in ("/srv/narrated/outbox", "/var/lib/narrated/serve", "/etc", "/dev/shm"):
        told = box.run(*inside, "touch", f"{folder}/trace", check=False)
        assert "Read-only file system" in told, folder


def test_roots_token_counts_at_once(box: Box, process: Path) -> None:
    """A token that root makes is the account's alone, and the running server asks for it."""
    told = box.run(PROGRAM, "podcast", "token")
    token = re.search(r"http://127\.0\.0\.1:8321/(\w{32})/", told)
    assert token is not None, told
    path = "/var/lib/narrated/serve/token"
    assert box.run("stat", "-c", "%a %U %G", path) == "600 narrated narrated"
    assert get(box, "feed.xml")[0] == 404
    assert get(box, f"{token[1]}/feed.xml")[0] == 200
    box.run("systemctl", "restart", UNIT)
    assert get(box, f"{token[1]}/post.mp3")[0] == 200
    assert token[1] not in box.journal("-u", UNIT)
    box.run("rm", path)
    box.run("systemctl", "restart", UNIT)
    assert get(box, "feed.xml")[0] == 200


def test_failed_start_is_tried_once(box: Box, process: Path) -> None:
    """A configuration that cannot be used fails one start a request, and mended it is served."""
    good = box.config.read_text()
    box.run("systemctl", "stop", UNIT)
    box.config.write_text(good + "\nspeach: {}\n")
    with pytest.raises(AssertionError):
        get(box, "feed.xml")
    until(lambda: box.shows(UNIT, "ActiveState") == "failed")
    assert "unknown key `speach`" in box.journal("-u", UNIT)
    starts = box.journal("-u", UNIT).count("unknown key `speach`")
    box.config.write_text(good)
    assert box.shows("narrated-serve.socket", "SubState") == "listening"
    assert get(box, "feed.xml")[0] == 200
    assert box.journal("-u", UNIT).count("unknown key `speach`") == starts == 1


def test_unseen_token_lets_nobody_in(box: Box, process: Path) -> None:
    """Where the server could not see whether there is a token, it does not start."""
    folder = "/var/lib/narrated/serve"
    box.run("systemctl", "stop", UNIT)
    box.run("mv", folder, f"{folder}-away")
    with pytest.raises(AssertionError):
        get(box, "feed.xml")
    assert box.run(PROGRAM, "install")  # makes it again, as the boot does
    assert box.run("stat", "-c", "%a %U", folder) == "700 narrated"
    assert get(box, "feed.xml")[0] == 200


def test_server_stops_and_comes_back(box: Box, process: Path) -> None:
    """A stop is clean, and the next request starts it again."""
    box.run("systemctl", "stop", UNIT)
    assert box.shows(UNIT, "Result") == "success"
    assert box.shows(UNIT, "ActiveState") == "inactive"
    assert get(box, "post.mp3")[0] == 200


def test_systemd_accepts_the_server(box: Box, process: Path) -> None:
    """systemd finds no fault with what was installed and little exposed."""
    unit = f"/etc/systemd/system/{UNIT}"
    assert box.run("systemd-analyze", "verify", "--man=no", UNIT, "narrated-serve.socket") == ""
    box.run("systemd-analyze", "security", "--offline=true", "--threshold=6", unit)

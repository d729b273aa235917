"""Two real Syncthings on the loopback device, that know each other and nobody else."""

import json
import os
import shutil
import socket
import subprocess
import urllib.request
import xml.etree.ElementTree as ET
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from support.daemon import wait

MISSING = "" if shutil.which("syncthing") else "syncthing is not installed"

_START_S = 60.0
_KEY = "loopback"
_ALONE = {
    "globalAnnounceEnabled": "false",
    "localAnnounceEnabled": "false",
    "relaysEnabled": "false",
    "natEnabled": "false",
    "crashReportingEnabled": "false",
    "startBrowser": "false",
    "urAccepted": "-1",
    "autoUpgradeIntervalH": "0",
    "stunKeepaliveStartS": "0",
    "reconnectionIntervalS": "1",
}


@dataclass(frozen=True, slots=True)
class Shared:
    """A folder that both have: where, and which way each lets files go."""

    laptop: Path
    box: Path
    laptop_type: str
    box_type: str
    keeps_versions: bool = False
    """Whether the box keeps what is replaced or deleted, in `.stversions`."""


@dataclass(frozen=True, slots=True)
class Peer:
    """One Syncthing: its home, its identity, and the ports it listens on."""

    home: Path
    id: str
    api_port: int
    sync_port: int

    def ask(self, path: str, data: bytes | None = None, method: str | None = None) -> Any:
        """Ask its REST interface; with `data` it is a POST, if nothing else is said."""
        url = f"http://127.0.0.1:{self.api_port}/rest/{path}"
        headers = {"X-API-Key": _KEY, "Content-Type": "application/json"}
        request = urllib.request.Request(url, data, headers, method=method)
        with urllib.request.urlopen(request, timeout=10) as answer:
            body = answer.read()
        return json.loads(body) if body else None

    def scan(self, folder: str) -> None:
        """Have it look at a folder now, as it does by itself a little later."""
        self.ask(f"db/scan?folder={folder}", b"")

    def set_type(self, folder: str, kind: str) -> None:
        """Have a folder let files go another way from now on."""
        change = json.dumps({"type": kind}).encode()
        self.ask(f"config/folders/{folder}", change, "PATCH")

    def ignore(self, folder: str, *patterns: str) -> None:
        """Have it take nothing in a folder that these patterns match, as its .stignore says."""
        self.ask(f"db/ignores?folder={folder}", json.dumps({"ignore": patterns}).encode())

    def slow_down(self, kib_s: int) -> None:
        """Have it take in so much a second, 0 for as much as comes."""
        change = json.dumps({"maxRecvKbps": kib_s, "limitBandwidthInLan": True}).encode()
        self.ask("config/options", change, "PATCH")

    def pause(self, other: "Peer") -> None:
        """Take no connection to the other, until it is resumed."""
        self.ask(f"system/pause?device={other.id}", b"")

    def resume(self, other: "Peer") -> None:
        """Connect to the other again."""
        self.ask(f"system/resume?device={other.id}", b"")

    def answers(self) -> bool:
        """True if it is there, and takes calls."""
        try:
            return bool(self.ask("system/ping"))
        except OSError:
            return False

    def knows(self, other: "Peer") -> bool:
        """True if it answers, and is connected to the other."""
        if not self.answers():
            return False
        connections = self.ask("system/connections")["connections"]
        return bool(connections.get(other.id, {}).get("connected"))


@contextmanager
def syncing(home: Path, folders: Mapping[str, Shared]) -> Iterator[tuple[Peer, Peer]]:
    """Two connected Syncthings, the laptop's and the box's, stopped afterwards."""
    laptop, box = peers = _made(home / "laptop"), _made(home / "box")
    for folder in folders.values():
        folder.laptop.mkdir(parents=True, exist_ok=True)
        folder.box.mkdir(parents=True, exist_ok=True)
    _configure(laptop, peers, {k: (f.laptop, f.laptop_type, False) for k, f in folders.items()})
    _configure(box, peers, {k: (f.box, f.box_type, f.keeps_versions) for k, f in folders.items()})
    with ExitStack() as stack:
        stack.enter_context(_running(box))
        wait(box.answers, lambda: _log(box), _START_S)  # a call that fails is tried again in 5 s
        stack.enter_context(_running(laptop))
        wait(lambda: laptop.knows(box), lambda: _log(laptop) + _log(box), _START_S)
        yield peers


def _made(home: Path) -> Peer:
    generate = ["syncthing", "generate", f"--home={home}", "--no-default-folder"]
    subprocess.run(generate, check=True, capture_output=True, env=_environ(home))
    shown = subprocess.run(
        ["syncthing", f"--home={home}", "--device-id"],
        check=True,
        capture_output=True,
        text=True,
        env=_environ(home),
    )
    return Peer(home, shown.stdout.strip(), *_free_ports())


def _free_ports() -> tuple[int, int]:
    with (
        socket.create_server(("127.0.0.1", 0)) as one,
        socket.create_server(("127.0.0.1", 0)) as two,
    ):
        return one.getsockname()[1], two.getsockname()[1]


_Folder = tuple[Path, str, bool]


def _configure(peer: Peer, peers: tuple[Peer, Peer], folders: dict[str, _Folder]) -> None:
    """Keep what Syncthing made of its own configuration, but for whom it knows and how."""
    file = peer.home / "config.xml"
    tree = ET.parse(file)
    root = tree.getroot()
    for tag in ("device", "folder"):
        for old in root.findall(tag):
            root.remove(old)
    gui = _only(root, "gui")
    _set(gui, "address", f"127.0.0.1:{peer.api_port}")
    _set(gui, "apikey", _KEY)
    options = _only(root, "options")
    for name, value in {**_ALONE, "listenAddress": f"tcp://127.0.0.1:{peer.sync_port}"}.items():
        _set(options, name, value)
    for each in peers:
        device = ET.SubElement(root, "device", id=each.id, name=each.home.name)
        # Only one of them calls: two that call each other at once may wait for 20 s.
        called = peer is peers[0] and each is not peer
        _set(device, "address", f"tcp://127.0.0.1:{each.sync_port}" if called else "dynamic")
    for name, folder in folders.items():
        _share(root, name, folder, peers)
    tree.write(file)


def _share(root: ET.Element, name: str, shared: _Folder, peers: tuple[Peer, Peer]) -> None:
    path, kind, keeps_versions = shared
    watched = {"fsWatcherEnabled": "true", "fsWatcherDelayS": "1", "rescanIntervalS": "3600"}
    settings = {"type": kind, "ignorePerms": "true", **watched}
    folder = ET.SubElement(root, "folder", {"id": name, "path": str(path), **settings})
    for each in peers:
        ET.SubElement(folder, "device", id=each.id)
    _set(folder, "maxConflicts", "10")
    if keeps_versions:
        versioning = ET.SubElement(folder, "versioning", type="simple")
        ET.SubElement(versioning, "param", key="keep", val="3")


def _only(parent: ET.Element, tag: str) -> ET.Element:
    found = parent.find(tag)
    return ET.SubElement(parent, tag) if found is None else found


def _set(parent: ET.Element, tag: str, value: str) -> None:
    _only(parent, tag).text = value


@contextmanager
def _running(peer: Peer) -> Iterator[None]:
    serve = ["syncthing", "serve", f"--home={peer.home}", "--no-browser", "--no-restart"]
    with (peer.home / "log").open("wb") as log:
        process = subprocess.Popen(
            [*serve, "--no-upgrade"], stdout=log, stderr=log, env=_environ(peer.home)
        )
    try:
        yield
    finally:
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _environ(home: Path) -> dict[str, str]:
    return {**os.environ, "HOME": str(home), "STNOUPGRADE": "1", "STNORESTART": "1"}


def _log(peer: Peer) -> str:
    return (peer.home / "log").read_text(errors="replace")[-3000:]

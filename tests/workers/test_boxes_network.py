"""Boxes in network namespaces, behind a real sshd: cables are pulled, links are slow."""

import asyncio
import os
import shutil
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import replace
from pathlib import Path

import pytest

from narrated.audio.flac_takes import decoded
from narrated.errors import BoxLost
from workers.boxes import CONFIG, PACKAGE, Box, serving
from workers.support import ENGINES, Watched, ends_within, running, say, spec, toy

pytestmark = [
    pytest.mark.long,
    pytest.mark.skipif(os.geteuid() != 0, reason="needs root, for network namespaces"),
    pytest.mark.skipif(not shutil.which("ip"), reason="needs iproute2"),
    pytest.mark.skipif(not shutil.which("sshd", path="/usr/sbin"), reason="needs openssh-server"),
]

BACK_S = 15.0
"""A box is back at work within this after its fault ends."""
LATE_S = 0.02
SSHD_CONFIG = """
ListenAddress {address}
HostKey {folder}/key
AuthorizedKeysFile {folder}/authorized
StrictModes no
PidFile none
UsePAM no
PermitRootLogin prohibit-password
PasswordAuthentication no
"""
SSH_CONFIG = """
Host *
    IdentityFile {folder}/key
    IdentitiesOnly yes
    UserKnownHostsFile {folder}/known
    StrictHostKeyChecking yes
    BatchMode yes
    ConnectTimeout 5
    ServerAliveInterval 3
    ServerAliveCountMax 2
"""


class Machine:
    """A namespace with an sshd, and a cable to it."""

    def __init__(self, folder: Path, number: int) -> None:
        self.name = f"nb{os.getpid() % 10_000}-{number}"
        self.cable = f"nb{os.getpid() % 10_000}-{number}h"
        self.address, ours = f"10.77.{number}.2", f"10.77.{number}.1"
        self._folder = folder / self.name
        self._folder.mkdir(parents=True)
        _run("ip", "netns", "add", self.name)
        _run("ip", "link", "add", self.cable, "type", "veth", "peer", "name", "eth0",
             "netns", self.name)  # fmt: skip
        _run("ip", "addr", "add", f"{ours}/24", "dev", self.cable)
        _run("ip", "link", "set", self.cable, "up")
        self.inside("ip", "addr", "add", f"{self.address}/24", "dev", "eth0")
        self.inside("ip", "link", "set", "eth0", "up")
        self._serve()

    def _serve(self) -> None:
        folder = self._folder
        _run("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", folder / "key")
        public = (folder / "key.pub").read_text()
        (folder / "box.yaml").write_text(CONFIG.format(engines=ENGINES))
        worker = f"{sys.executable} -m narrated.cli --config {folder}/box.yaml worker"
        forced = f"env PYTHONPATH={PACKAGE} {worker}"
        (folder / "authorized").write_text(f'restrict,command="{forced}" {public}')
        (folder / "known").write_text(f"{self.address} {public}")
        settings = {"address": self.address, "folder": folder}
        (folder / "sshd_config").write_text(SSHD_CONFIG.format(**settings))
        (folder / "ssh_config").write_text(SSH_CONFIG.format(**settings))
        sshd = ("/usr/sbin/sshd", "-D", "-e", "-f", folder / "sshd_config")
        with (folder / "sshd.log").open("wb") as log:
            inside = ("ip", "netns", "exec", self.name)
            self._sshd = subprocess.Popen((*inside, *sshd), stderr=log)

    @property
    def box(self) -> Box:
        command = ("ssh", "-F", str(self._folder / "ssh_config"), "-T", self.address, "worker")
        return Box(self._folder, self.name, command)

    def inside(self, *command: str) -> None:
        _run("ip", "netns", "exec", self.name, *command)

    def pull(self) -> None:
        """Pull the cable."""
        _run("ip", "link", "set", self.cable, "down")

    def plug(self) -> None:
        _run("ip", "link", "set", self.cable, "up")

    def end(self) -> None:
        self._sshd.kill()
        self._sshd.wait()
        with suppress(subprocess.CalledProcessError):
            _run("ip", "netns", "del", self.name)
            _run("ip", "link", "del", self.cable)


def _run(*command: object) -> None:
    subprocess.run([str(each) for each in command], check=True, capture_output=True)


@pytest.fixture
def machines(tmp_path: Path) -> Iterator[list[Machine]]:
    Path("/run/sshd").mkdir(exist_ok=True)
    made: list[Machine] = []
    try:
        for number in range(4):
            made.append(Machine(tmp_path, number))
        yield made
    finally:
        for each in made:
            each.end()


async def _ready(watched: Watched, names: set[str]) -> None:
    def are_there() -> bool:
        return {each.name for each in watched.pool.states() if each.state == "ready"} == names

    await watched.until(are_there)


def test_pulled_cable(machines, figure):
    """A pulled cable is noticed by both ends; the other boxes work on, and this one comes back."""

    async def story():
        async with AsyncExitStack() as stack:
            boxes = [await stack.enter_async_context(serving(each.box)) for each in machines]
            engine = toy(rows=2)
            specs = [
                replace(spec(engine), name=one.name, socket=str(box.socket))
                for one, box in zip(machines, boxes, strict=True)
            ]
            watched = await stack.enter_async_context(running(*specs))
            names = {each.name for each in machines}
            await _ready(watched, names)
            first = next(w for w in watched.pool.workers if _name(watched, w) == machines[0].name)
            others = [worker for worker in watched.pool.workers if worker is not first]
            held = [say(first, "SLOW:60"), say(first, "SLOW:60")]
            work = [say(worker, "SLOW:12") for worker in others]
            await asyncio.sleep(0.5)
            machines[0].pull()
            began = time.monotonic()
            for each in held:
                with pytest.raises(BoxLost, match="silent"):
                    await each
            noticed_s = time.monotonic() - began
            assert await asyncio.to_thread(ends_within, first.pid, 20), "it keeps its device"
            freed_s = time.monotonic() - began
            assert all(each.payload for each in await asyncio.gather(*work))
            await asyncio.sleep(3)  # it is looked for in vain
            machines[0].plug()
            began = time.monotonic()
            await _ready(watched, names)
            back_s = time.monotonic() - began
            assert noticed_s <= 10 and back_s <= BACK_S  # limits that the daemon measures itself
            figure(f"noticed after {noticed_s:.1f} s, let go after {freed_s:.1f} s, "
                   f"back after {back_s:.1f} s")  # fmt: skip

    asyncio.run(story())


def test_slow_link(machines, figure):
    """Over 10 Mbit/s and 20 ms each way takes come whole, and no box counts as silent."""
    machine = machines[0]
    shape = ("root", "tbf", "rate", "10mbit", "burst", "32kbit", "latency", "400ms")
    _run("tc", "qdisc", "add", "dev", machine.cable, *shape)
    machine.inside("tc", "qdisc", "add", "dev", "eth0", *shape)

    async def story():
        box = machine.box
        late = box.socket.with_suffix(".late")
        async with serving(box), _late(box.socket, late):
            slow = replace(spec(toy(rows=8)), name=machine.name, socket=str(late))
            async with running(slow) as watched:
                worker = await watched.worker()
                began = time.monotonic()
                takes = [say(worker, 200 * f"Part {n}. ", seed=n, flac=True) for n in range(8)]
                takes += [say(worker, 400 * f"Long {n}. ", seed=n) for n in range(4)]
                results = await asyncio.gather(*takes)
                took_s = time.monotonic() - began
                for each in results[:8]:
                    pcm, rate, _ = decoded(each.payload, Path("take"))
                    assert len(pcm) / 2 / rate == pytest.approx(each.duration_s)
                sent = sum(len(each.payload) for each in results)
                figure(f"{sent / 1e6:.1f} MB over a slow link in {took_s:.1f} s")
                assert watched.pool.states()[0].restarts == 0

    asyncio.run(story())


@asynccontextmanager
async def _late(target: Path, path: Path) -> AsyncIterator[None]:
    """Carry a socket's bytes both ways, each 20 ms late: not every kernel has netem to do so."""
    ways: set[asyncio.Task[None]] = set()

    async def joined(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        far_reader, far_writer = await asyncio.open_unix_connection(str(target))
        for way in ((reader, far_writer), (far_reader, writer)):
            ways.add(asyncio.create_task(_carry(*way)))

    server = await asyncio.start_unix_server(joined, str(path))
    try:
        yield
    finally:
        server.close()
        for each in ways:
            each.cancel()
        await asyncio.gather(*ways, return_exceptions=True)


async def _carry(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    loop = asyncio.get_running_loop()
    under_way: asyncio.Queue[tuple[float, bytes]] = asyncio.Queue(64)

    async def arrive() -> None:
        while True:
            due_s, piece = await under_way.get()
            await asyncio.sleep(due_s - loop.time())
            writer.write(piece)
            await writer.drain()

    arriving = asyncio.create_task(arrive())
    try:
        while piece := await reader.read(1 << 16):
            await under_way.put((loop.time() + LATE_S, piece))
    finally:
        arriving.cancel()
        writer.close()


def _name(watched, worker):
    return next(each.name for each in watched.pool.states() if each.pid == worker.pid)

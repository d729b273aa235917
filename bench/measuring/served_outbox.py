"""A served outbox of many episodes, its clients, and what they cost the server."""

import asyncio
import hashlib
import os
import random
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from measuring.processes import processor_s, resident_bytes, sample
from measuring.program import Figure, say
from narrated.outbox.manifest import Manifest, ManifestOutput, ManifestSource, encode
from narrated.podcast.feed_parts import MARK

SOUND_BYTES = 3 << 20
"""Of an episode; a post of six minutes has as many."""
TEXT = "word " * 1000
ROUNDS = 6
"""Each client asks so often, each time for another episode."""
SLOW_SHARE = 0.1
"""Of the clients, so many read slowly; and as many more send half a request."""
SLOW_PIECES, SLOW_PAUSE_S = 24, 0.25
PIECE_BYTES = 1 << 16
MOST_GROWTH_MIB = 16
MOST_MIB = 128
MOST_FEED_S = 1.0
"""The median of requests amid all others, on a machine whose two cores the clients share."""


@dataclass(slots=True)
class Tally:
    """What the clients met."""

    whole: int = 0
    ranges: int = 0
    slow: int = 0
    wrong: list[str] = field(default_factory=list)
    received_bytes: int = 0
    feeds_s: list[float] = field(default_factory=list)


class ServedOutbox:
    """An outbox as the daemon publishes it, made by hand, and `narrated serve` on it."""

    def __init__(self, home: Path, episodes: int, clients: int) -> None:
        self._episodes, self._clients = episodes, clients
        self._outbox = home / "outbox"
        self._outbox.mkdir(parents=True)
        (home / "inbox").mkdir()
        self._config = home / "narrated.yaml"
        entries = "inbox: inbox\noutbox: outbox\nstate: state\ncache: cache\n"
        self._config.write_text(entries + "podcast: {title: Many posts}\n")
        self._tally = Tally()
        self._sound = random.Random(1).randbytes(SOUND_BYTES)
        self._port = 0

    async def measure(self) -> list[Figure]:
        """Take all figures."""
        self._publish()
        say(f"{self._episodes} episodes are there")
        with self._served() as server:
            await self._storm()
            await _until(lambda: server.descriptors <= 16)
            warm_mib, idle = server.mib, server.descriptors
            say(f"warm: {warm_mib} MiB, {idle} descriptors")
            self._tally = Tally()
            watching = asyncio.create_task(server.watch())
            began, before = time.perf_counter(), server.cpu_s
            await self._storm()
            elapsed_s, cpu_s = time.perf_counter() - began, server.cpu_s - before
            watching.cancel()
            await _until(lambda: server.descriptors <= idle)
            return [*self._answers(elapsed_s, cpu_s), *self._bounds(server, warm_mib, idle)]

    def _publish(self) -> None:
        names = [f"post-{number}" for number in range(self._episodes)]
        first = self._outbox / f"{names[0]}.mp3"
        first.write_bytes(self._sound)
        for name in names:
            sound = self._outbox / f"{name}.mp3"
            if sound != first:
                sound.hardlink_to(first)  # the disk has room for one of them
            digest = hashlib.sha256(name.encode()).hexdigest()
            output = ManifestOutput(sound.name, digest, SOUND_BYTES, "audio/mpeg")
            manifest = Manifest(
                program="narrated",
                published="2026-01-01T00:00:00+00:00",
                source=ManifestSource(f"{name}.md", digest),
                outputs=(output,),
                title=name,
                engine="toy",
                voice="toy",
                duration_s=360.0,
            )
            (self._outbox / f"{name}.json").write_bytes(encode(manifest))
        items = "".join(f"<item><title>{name}</title>{TEXT}</item>\n" for name in names)
        feed = f'<?xml version="1.0"?>\n{MARK.decode()}\n<rss>{items}</rss>\n'
        (self._outbox / "feed.xml").write_text(feed)

    @contextmanager
    def _served(self) -> Iterator["MeasuredServer"]:
        command = ["-m", "narrated.cli", "--config", str(self._config), "serve", "--port", "0"]
        environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
        with tempfile.TemporaryFile("w+") as log:
            process = subprocess.Popen([sys.executable, *command], stderr=log, env=environment)
            try:
                self._port = _port_of(process, log.fileno())
                yield MeasuredServer(process.pid)
            finally:
                process.terminate()
                process.wait()

    async def _storm(self) -> None:
        """Have all clients ask at once, each some rounds."""
        slow = max(1, int(self._clients * SLOW_SHARE))
        silent = [await self._silent() for _ in range(slow)]
        clients: list[Awaitable[None]] = [self._slow(number) for number in range(slow)]
        for number in range(slow, self._clients):
            clients.append((self._whole if number % 2 else self._ranges)(number))
        async with asyncio.TaskGroup() as group:
            feeds = group.create_task(self._feeds())
            await asyncio.gather(*clients)
            feeds.cancel()
        for each in silent:
            each.close()

    async def _whole(self, number: int) -> None:
        for turn in range(ROUNDS):
            await self._compare(self._episode(number, turn), "", 200, slice(None))
            self._tally.whole += 1

    async def _ranges(self, number: int) -> None:
        chance = random.Random(number)
        for turn in range(ROUNDS * 4):
            first = chance.randrange(SOUND_BYTES)
            last = min(first + chance.randrange(1 << 20), SOUND_BYTES - 1)
            asked = f"range: bytes={first}-{last}\r\n"
            await self._compare(self._episode(number, turn), asked, 206, slice(first, last + 1))
            self._tally.ranges += 1

    async def _slow(self, number: int) -> None:
        """Read a little now and then, and go."""
        reader, writer = await self._asked(self._episode(number, 0))
        for _ in range(SLOW_PIECES):
            self._tally.received_bytes += len(await reader.read(4096))
            await asyncio.sleep(SLOW_PAUSE_S)
        self._tally.slow += 1
        writer.transport.abort()

    async def _silent(self) -> asyncio.StreamWriter:
        """Send half a request, and no more."""
        _, writer = await asyncio.open_connection("127.0.0.1", self._port)
        writer.write(b"GET /feed.xml HTTP/1.1\r\nhost: local")
        return writer

    async def _feeds(self) -> None:
        """Ask for a byte of the feed now and then, and measure how long that takes."""
        while True:
            began = time.perf_counter()
            async for _ in self._answer("/feed.xml", "range: bytes=0-0\r\n", 206):
                pass
            self._tally.feeds_s.append(time.perf_counter() - began)
            await asyncio.sleep(0.1)

    async def _compare(self, path: str, headers: str, status: int, part: slice) -> None:
        """Compare an answer with a part of the sound, a piece at a time."""
        left = memoryview(self._sound)[part]
        async for piece in self._answer(path, headers, status):
            if piece != left[: len(piece)]:
                self._tally.wrong.append(f"other bytes in {path}")
            left = left[len(piece) :]
        if left:
            self._tally.wrong.append(f"{len(left)} bytes are missing of {path}")

    async def _answer(self, path: str, headers: str, status: int) -> AsyncIterator[bytes]:
        """Ask, and yield the body in pieces."""
        reader, writer = await self._asked(path, headers)
        try:
            head = await reader.readuntil(b"\r\n\r\n")
            if int(head.split()[1]) != status:
                self._tally.wrong.append(f"{head.splitlines()[0]!r} for {path}")
            while piece := await reader.read(PIECE_BYTES):
                self._tally.received_bytes += len(piece)
                yield piece
        finally:
            writer.close()
            with suppress(ConnectionError):
                await writer.wait_closed()

    async def _asked(
        self, path: str, headers: str = ""
    ) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        reader, writer = await asyncio.open_connection("127.0.0.1", self._port)
        asked = f"GET {path} HTTP/1.1\r\nhost: localhost\r\n{headers}connection: close\r\n\r\n"
        writer.write(asked.encode())
        return reader, writer

    def _episode(self, number: int, turn: int) -> str:
        return f"/post-{(number * 37 + turn * 101) % self._episodes}.mp3"

    def _answers(self, elapsed_s: float, cpu_s: float) -> list[Figure]:
        tally = self._tally
        asked = f"{tally.whole} whole files, {tally.ranges} ranges, {tally.slow} slow readers"
        wrong = "; ".join([f"{len(tally.wrong)} of {asked}", *tally.wrong[:3]])
        rate = tally.received_bytes / elapsed_s / 1e6
        feeds = sorted(tally.feeds_s)
        return [
            Figure(
                f"{self._clients} clients at once: answers that were not the file, byte for byte",
                wrong,
                "none",
                not tally.wrong,
            ),
            Figure(
                "the same: how fast",
                f"{rate:.0f} MB/s for {elapsed_s:.1f} s, with {cpu_s:.1f} s of CPU",
                "",
                None,
            ),
            Figure(
                "a player that looks for news meanwhile waits",
                f"{feeds[len(feeds) // 2] * 1000:.0f} ms at the median, {feeds[-1]:.2f} s at most",
                f"at most {MOST_FEED_S:g} s at the median",
                feeds[len(feeds) // 2] <= MOST_FEED_S,
            ),
        ]

    def _bounds(self, server: "MeasuredServer", warm_mib: int, idle: int) -> list[Figure]:
        most = 3 * (self._clients + int(self._clients * SLOW_SHARE)) + idle + 16
        growth = server.mib - warm_mib
        return [
            Figure(
                "memory of the server: warm, at the most, after it",
                f"{warm_mib}, {server.most_mib}, {server.mib} MiB",
                f"grows by at most {MOST_GROWTH_MIB} MiB; at most {MOST_MIB} MiB",
                growth <= MOST_GROWTH_MIB and server.most_mib <= MOST_MIB,
            ),
            Figure(
                "open descriptors: idle, at the most, after it",
                f"{idle}, {server.most_descriptors}, {server.descriptors}",
                f"at most {most}; none left",
                server.most_descriptors <= most and server.descriptors <= idle,
            ),
        ]


class MeasuredServer:
    """A server's process as the kernel sees it."""

    def __init__(self, pid: int) -> None:
        self._pid = pid
        self.most_mib = 0
        self.most_descriptors = 0

    @property
    def mib(self) -> int:
        """Its resident memory."""
        return resident_bytes(self._pid) >> 20

    @property
    def descriptors(self) -> int:
        """Its open files and sockets."""
        return sample(self._pid).processes["daemon"][0].descriptors

    @property
    def cpu_s(self) -> float:
        """The CPU that it has used."""
        return processor_s(self._pid)

    async def watch(self) -> None:
        """Note the most of both, until it is cancelled."""
        while True:
            self.most_mib = max(self.most_mib, self.mib)
            self.most_descriptors = max(self.most_descriptors, self.descriptors)
            await asyncio.sleep(0.05)


def _port_of(process: subprocess.Popen[bytes], log: int) -> int:
    """Wait until the server tells where it listens."""
    for _ in range(600):
        told = os.pread(log, 1 << 16, 0).decode()
        if found := re.search(r"Serving .* at http://127\.0\.0\.1:(\d+)/", told):
            return int(found[1])
        assert process.poll() is None, told
        time.sleep(0.05)
    raise AssertionError(f"the server does not listen: {told}")


async def _until(condition: Callable[[], bool]) -> None:
    for _ in range(600):
        if condition():
            return
        await asyncio.sleep(0.05)

"""An outbox with published files, and a real `narrated serve` that a raw client asks."""

import os
import re
import signal
import socket
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from urllib.parse import quote

import yaml

from narrated.outbox.manifest import Manifest, ManifestOutput, ManifestSource, encode
from narrated.podcast.feed_parts import MARK
from support.daemon import PATIENCE_S, wait
from support.forked import Fork

MODULES = ("narrated.serving.server", "narrated.terminal.podcast_server")
SOUND = bytes(range(256)) * 4096
BASE_URL = "https://example.org/pod/"
_SERVING = re.compile(r"Serving .* at http://127\.0\.0\.1:(\d+)/")


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer of the server, its header names in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    rest: bytes = b""
    """What came after its end: the next answer, for a pipeline."""


class PublishedOutbox:
    """A home with a configuration and an outbox, in which files are published by hand."""

    def __init__(self, home: Path, **podcast: object) -> None:
        self.home = home
        self.folder = home / "outbox"
        self.folder.mkdir(parents=True)
        (home / "inbox").mkdir()
        self.config = home / "narrated.yaml"
        entries: dict[str, object] = {n: n for n in ("inbox", "outbox", "state", "cache")}
        entries["podcast"] = {"title": "Blog", **podcast}
        entries["log"] = "info"
        self.config.write_text(yaml.safe_dump(entries))

    def publish(self, stem: str, sound: bytes = SOUND, **beside: bytes) -> None:
        """Publish a sound and files beside it, `chapters_json` for instance, by a manifest."""
        files = {"mp3": sound, **{name.replace("_", "."): text for name, text in beside.items()}}
        folder = (self.folder / stem).parent
        folder.mkdir(parents=True, exist_ok=True)
        outputs = []
        for suffix, content in files.items():
            self.replace(f"{stem}.{suffix}", content)
            name = f"{stem}.{suffix}".rpartition("/")[2]
            outputs.append(ManifestOutput(name, sha256(content).hexdigest(), len(content), "x/y"))
        manifest = Manifest(
            program="narrated 0",
            published="2026-01-01T00:00:00+00:00",
            source=ManifestSource(f"{stem}.md", "0" * 64),
            outputs=tuple(outputs),
            title=stem,
            engine="toy",
            voice="toy",
            duration_s=1.0,
        )
        self.replace(f"{stem}.json", encode(manifest))

    def feed(self, *covers: str, folder: str = "", base_url: str = BASE_URL) -> None:
        """Write a feed as ours that names these covers, by their outbox paths."""
        path = f"{folder}/feed.xml" if folder else "feed.xml"
        own = f'<atom:link href="{base_url}{path}" rel="self" type="x"/>' if base_url else ""
        addresses = (f"{base_url}{quote(os.fsencode(each))}" for each in covers)
        images = "".join(f'<itunes:image href="{each}"/>\n' for each in addresses)
        text = f'<?xml version="1.0"?>\n{MARK.decode()}\n<rss>{own}\n{images}</rss>\n'
        (self.folder / path).parent.mkdir(parents=True, exist_ok=True)
        self.replace(path, text.encode())

    def page(self) -> None:
        """Write a page as ours."""
        self.replace("index.html", b"<!DOCTYPE html>\n" + MARK + b"\n<p>Blog</p>\n")
        (self.folder / "index.files").mkdir(exist_ok=True)

    def replace(self, path: str, content: bytes) -> None:
        """Put a file in the place of another one at once, as the daemon does."""
        draft = self.folder / ".narrated-0123456789abcdef.tmp"
        draft.write_bytes(content)
        draft.replace(self.folder / path)


class Server:
    """`narrated serve` in a process of its own."""

    def __init__(self, process: Fork, port: int, log: Path) -> None:
        self.process, self.port, self._log = process, port, log

    @property
    def log(self) -> str:
        """All that it has logged."""
        return self._log.read_text()

    def get(self, path: str | bytes, method: str = "GET", **headers: str) -> Answer:
        """Ask for a path as it is written; `if_range` is the header If-Range."""
        lines = [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
        if "host" not in headers:
            lines.append("host: localhost")
        target = path.encode() if isinstance(path, str) else path
        ending = "\r\n".join(lines).encode("latin-1") + b"\r\nconnection: close\r\n\r\n"
        return self.raw(method.encode() + b" " + target + b" HTTP/1.1\r\n" + ending)

    def raw(self, request: bytes) -> Answer:
        """Send these bytes, and read what comes until the server closes."""
        with self.connected() as client:
            client.sendall(request)
            return parsed(received(client), is_head=request.startswith(b"HEAD"))

    def connected(self) -> socket.socket:
        """Open a connection."""
        return socket.create_connection(("127.0.0.1", self.port), timeout=PATIENCE_S)


@contextmanager
def serving(outbox: PublishedOutbox, *arguments: str) -> Iterator[Server]:
    """Serve an outbox at a free port until the context ends; it must end by itself, with 0."""
    with tempfile.TemporaryDirectory() as folder:
        log = Path(folder, "log")
        with log.open("w") as written:
            command = ["--config", str(outbox.config), "serve", "--port", "0", *arguments]
            streams = (written.fileno(), written.fileno())
            process = Fork(command, {**os.environ}, *streams, imports=MODULES)
        try:
            wait(lambda: process.poll() is not None or _SERVING.search(log.read_text()))
            found = _SERVING.search(log.read_text())
            assert found, log.read_text()
            yield Server(process, int(found[1]), log)
            process.send_signal(signal.SIGTERM)
            assert process.wait(PATIENCE_S) == 0, log.read_text()
            assert "Traceback" not in log.read_text()
        finally:
            process.kill()


def received(client: socket.socket) -> bytes:
    """Read until the server closes."""
    pieces = []
    while piece := client.recv(1 << 16):
        pieces.append(piece)
    return b"".join(pieces)


def parsed(content: bytes, *, is_head: bool = False) -> Answer:
    """Read an answer, which must be as long as it says."""
    head, _, body = content.partition(b"\r\n\r\n")
    first, *lines = head.decode("latin-1").split("\r\n")
    pairs = (line.partition(": ") for line in lines)
    headers = {name.lower(): value for name, _, value in pairs}
    status = int(first.split()[1])
    length = 0 if is_head or status == 304 else int(headers["content-length"])
    assert len(body) >= length, f"{len(body)} of {length} bytes"
    return Answer(status, headers, body[:length], body[length:])


def settled(path: Path) -> None:
    """Wait until a file is so old that its date tells it from another one."""
    while time.time() - path.stat().st_mtime < 2.1:
        time.sleep(0.1)

"""A web server of a podcast on loopback: right in all, until a test spoils its answers."""

import contextlib
import re
import sys
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

OWNED = '"1"'
"""The ETag of each file."""


@dataclass(slots=True)
class Reply:
    """An answer before it is sent."""

    status: int
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""


@dataclass(frozen=True, slots=True)
class Asked:
    """A question: its method, path and headers."""

    method: str
    path: str
    headers: dict[str, str]


Spoils = Callable[[Asked, Reply], None]


@dataclass(slots=True)
class PodcastServer:
    """Files by their paths, each with its type; `spoils` changes what is answered."""

    address: str
    files: dict[str, tuple[str, bytes]] = field(default_factory=dict)
    spoils: Spoils = lambda asked, reply: None
    asked: list[Asked] = field(default_factory=list)
    lines: set[int] = field(default_factory=set)
    """The ports of the clients' ends, one for each connection."""

    def reply(self, asked: Asked) -> Reply:
        """The answer to a question."""
        self.asked.append(asked)
        reply = self._right_reply(asked)
        self.spoils(asked, reply)
        return reply

    def _right_reply(self, asked: Asked) -> Reply:
        if asked.path not in self.files:
            return Reply(404, {"content-length": "0"})
        type, content = self.files[asked.path]
        always = {"content-type": type, "etag": OWNED, "accept-ranges": "bytes"}
        if asked.headers.get("if-none-match") == OWNED:
            return Reply(304, {"etag": OWNED})
        wanted = re.fullmatch(r"bytes=(\d+)-(\d+)", asked.headers.get("range", ""))
        if wanted is None or asked.headers.get("if-range", OWNED) != OWNED:
            return Reply(200, always | {"content-length": str(len(content))}, content)
        first, last = int(wanted[1]), int(wanted[2])
        part = content[first : last + 1]
        told = f"bytes {first}-{first + len(part) - 1}/{len(content)}"
        sizes = {"content-range": told, "content-length": str(len(part))}
        return Reply(206, always | sizes, part)


@contextlib.contextmanager
def serving_podcast() -> Iterator[PodcastServer]:
    """Serve on loopback, until the context ends."""
    with _Server(("127.0.0.1", 0), _Handler) as server:
        podcast = PodcastServer(f"http://127.0.0.1:{server.server_port}")
        server.podcast = podcast  # type: ignore[attr-defined]
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield podcast
        finally:
            server.shutdown()
            thread.join()


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: object, client_address: object) -> None:
        if not isinstance(sys.exception(), ConnectionError):  # a client may hang up
            super().handle_error(request, client_address)  # type: ignore[arg-type]


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        headers = {name.lower(): value for name, value in self.headers.items()}
        podcast: PodcastServer = self.server.podcast  # type: ignore[attr-defined]
        podcast.lines.add(self.client_address[1])
        reply = podcast.reply(Asked(self.command, self.path, headers))
        if reply.status == 0:  # no answer at all
            self.close_connection = True
            return
        self.send_response_only(reply.status)
        for name, value in reply.headers.items():
            if value:
                self.send_header(name, value)
        self.end_headers()
        if self.command == "GET":
            with contextlib.suppress(OSError):  # a client need not read it all
                self.wfile.write(reply.body)
        self.close_connection = not reply.headers.get("content-length") and reply.status != 304

    do_HEAD = do_GET

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""

"""A hub on loopback, which answers as the real one does as far as pulling models needs it.

Large files are kept apart and reached by a redirect, small ones are sent at once; ranges, hashes
and error codes are the real hub's. Faults are given by file, and each is used up as it happens.
"""

import hashlib
import itertools
import json
import re
import threading
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import unquote, urlsplit

_LARGE = (".safetensors", ".bin", ".npy", ".pth")
_PIECE_BYTES = 1 << 14
_LISTING = re.compile(r"/api/models/([^/]+/[^/]+)/revision/([^/]+)")
_RESOLVE = re.compile(r"/([^/]+/[^/]+)/resolve/([^/]+)/(.+)")
_STORE = re.compile(r"/store/([0-9a-f]{64})/(.+)")
ALWAYS = 1 << 30


@dataclass
class Repository:
    """A repository: its commits in order, each with its files."""

    commits: dict[str, dict[str, bytes]] = field(default_factory=dict)
    licence: str = "mit"
    gated: bool = False


@dataclass
class LoopbackHub:
    """The hub's repositories, the faults it is to make, and the requests it got."""

    endpoint: str = ""
    repositories: dict[str, Repository] = field(default_factory=dict)
    cuts: dict[str, list[int]] = field(default_factory=dict)
    """By file: after how many bytes each of the next answers is cut off."""
    damaged: Counter[str] = field(default_factory=Counter)
    """By file: how many of the next answers have a wrong byte."""
    failures: dict[str, list[int]] = field(default_factory=dict)
    """By file, or "listing": the status of each of the next answers."""
    page: bytes = b""
    """What is answered to everything, as by a network that one must log in to."""
    knows_ranges: bool = True
    stalls: dict[str, int] = field(default_factory=dict)
    """By file: after how many bytes an answer waits for `release`, and is then cut off."""
    stalled: threading.Event = field(default_factory=threading.Event)
    release: threading.Event = field(default_factory=threading.Event)
    claimed: dict[str, int] = field(default_factory=dict)
    """By file: a size that the listing claims instead of the true one."""
    asked: list[str] = field(default_factory=list)
    """The path of every request."""
    sent: Counter[str] = field(default_factory=Counter)
    """By file: how many bytes of content were sent."""
    numbers: Iterator[int] = field(default_factory=itertools.count)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def commit(self, repository: str, files: Mapping[str, bytes]) -> str:
        """Make a new newest commit; gives its hash."""
        known = self.repositories.setdefault(repository, Repository())
        told = f"{repository} {next(self.numbers)}"
        name = hashlib.sha1(told.encode()).hexdigest()
        known.commits[name] = dict(files)
        return name

    def content(self, sha256: str) -> bytes:
        """A large file of any repository by its hash."""
        for repository in self.repositories.values():
            for files in repository.commits.values():
                for content in files.values():
                    if hashlib.sha256(content).hexdigest() == sha256:
                        return content
        raise KeyError(sha256)

    @property
    def sent_bytes(self) -> int:
        """The bytes of content that were sent in all."""
        return sum(self.sent.values())


class _Handler(BaseHTTPRequestHandler):
    hub: LoopbackHub
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        path = unquote(urlsplit(self.path).path)
        self.hub.asked.append(path)
        if self.hub.page:
            self._send(200, self.hub.page, {})
        elif found := _LISTING.fullmatch(path):
            self._list(*found.groups())
        elif found := _RESOLVE.fullmatch(path):
            self._resolve(*found.groups())
        elif found := _STORE.fullmatch(path):
            self._send_file(found[2], self.hub.content(found[1]), {})
        else:
            self._fail(404, "")

    def _list(self, repository: str, revision: str) -> None:
        if failures := self.hub.failures.get("listing"):
            self._fail(failures.pop(0), "")
            return
        known = self.hub.repositories.get(repository)
        if known is None:
            self._fail(401, "RepoNotFound")  # as to anybody who is not logged in
            return
        commit = list(known.commits)[-1] if revision == "main" else revision
        if commit not in known.commits:
            self._fail(404, "RevisionNotFound")
            return
        files = known.commits[commit].items()
        body = {
            "id": repository,
            "sha": commit,
            "cardData": {"license": known.licence},
            "siblings": [self._sibling(*file) for file in files],
        }
        self._send(200, json.dumps(body).encode(), {"Content-Type": "application/json"})

    def _sibling(self, name: str, content: bytes) -> dict[str, object]:
        size = self.hub.claimed.get(name, len(content))
        listed: dict[str, object] = {"rfilename": name, "size": size, "blobId": _blob(content)}
        if name.endswith(_LARGE):
            sha256 = hashlib.sha256(content).hexdigest()
            listed["lfs"] = {"sha256": sha256, "size": size, "pointerSize": 130}
        return listed

    def _resolve(self, repository: str, revision: str, name: str) -> None:
        if failures := self.hub.failures.get(name):
            self._fail(failures.pop(0), "")
            return
        known = self.hub.repositories[repository]
        if known.gated:
            self._fail(403, "GatedRepo")
            return
        content = known.commits[revision].get(name)
        if content is None:
            self._fail(404, "EntryNotFound")
            return
        headers = {"X-Repo-Commit": revision}
        if name.endswith(_LARGE):
            sha256 = hashlib.sha256(content).hexdigest()
            headers |= {"X-Linked-Size": str(len(content)), "X-Linked-ETag": f'"{sha256}"'}
            headers |= {"Location": f"{self.hub.endpoint}/store/{sha256}/{name}"}
            self._send(302, b"", headers)
        else:
            self._send_file(name, content, headers | {"ETag": f'"{_blob(content)}"'})

    def _send_file(self, name: str, content: bytes, headers: dict[str, str]) -> None:
        start = 0
        if (asked := self.headers.get("Range")) and self.hub.knows_ranges:
            start = int(asked.removeprefix("bytes=").removesuffix("-"))
        if start >= len(content) > 0:
            self._fail(416, "")
            return
        if start:
            headers |= {"Content-Range": f"bytes {start}-{len(content) - 1}/{len(content)}"}
        if self.hub.damaged[name]:
            self.hub.damaged[name] -= 1
            content = content[:-1] + bytes([content[-1] ^ 1])
        cuts = self.hub.cuts.get(name)
        stop = cuts.pop(0) if cuts else ALWAYS
        self._send_body(name, content[start:], stop, 206 if start else 200, headers)

    def _send_body(
        self, name: str, body: bytes, stop: int, status: int, headers: dict[str, str]
    ) -> None:
        self._head(status, headers, len(body))
        for begin in range(0, min(stop, len(body)), _PIECE_BYTES):
            piece = body[begin : min(begin + _PIECE_BYTES, stop)]
            self.wfile.write(piece)
            with self.hub.lock:
                self.hub.sent[name] += len(piece)
            if begin >= self.hub.stalls.get(name, ALWAYS):
                self.hub.stalled.set()
                self.hub.release.wait(30)
                self.close_connection = True
                return
        if stop < len(body):
            self.close_connection = True

    def _fail(self, status: int, code: str) -> None:
        self._send(status, b"{}", {"X-Error-Code": code} if code else {})

    def _send(self, status: int, body: bytes, headers: dict[str, str]) -> None:
        self._head(status, headers, len(body))
        self.wfile.write(body)

    def _head(self, status: int, headers: dict[str, str], length: int) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(length))
        self.end_headers()

    def handle(self) -> None:
        with suppress(ConnectionError):  # clients may be killed
            super().handle()

    def log_message(self, format: str, *arguments: object) -> None:
        pass


def _blob(content: bytes) -> str:
    return hashlib.sha1(b"blob %d\0" % len(content) + content).hexdigest()


@contextmanager
def serving() -> Iterator[LoopbackHub]:
    """A hub that answers while the context lasts."""
    hub = LoopbackHub()
    handler = type("Handler", (_Handler,), {"hub": hub})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    server.daemon_threads = True
    hub.endpoint = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield hub
    finally:
        hub.release.set()
        server.shutdown()
        thread.join()
        server.server_close()

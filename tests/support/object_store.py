"""An object store on loopback, that speaks as much of S3 as rclone needs for small files."""

import contextlib
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import format_datetime
from hashlib import md5
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, unquote, urlsplit
from xml.sax.saxutils import escape


@dataclass(frozen=True, slots=True)
class StoredObject:
    """An object as it was put there, with the headers that come back with it."""

    content: bytes
    headers: dict[str, str]

    @property
    def type(self) -> str:
        return self.headers["content-type"]

    @property
    def etag(self) -> str:
        return f'"{md5(self.content, usedforsecurity=False).hexdigest()}"'


@dataclass(slots=True)
class ObjectStore:
    """A store with one bucket: its objects by key, and all changes in order."""

    address: str
    objects: dict[str, StoredObject] = field(default_factory=dict)
    changes: list[str] = field(default_factory=list)
    """`PUT key` and `DELETE key`."""

    def listing(self, prefix: str, delimiter: str) -> str:
        """The XML of a listing."""
        keys = [key for key in self.objects if key.startswith(prefix)]
        rests = {key: key[len(prefix) :] for key in keys}
        deeper = {
            prefix + rest.partition(delimiter)[0] + delimiter
            for rest in rests.values()
            if delimiter and delimiter in rest
        }
        here = [key for key, rest in rests.items() if not (delimiter and delimiter in rest)]
        parts = [
            f"<Contents><Key>{escape(key)}</Key><ETag>{escape(self.objects[key].etag)}</ETag>"
            f"<Size>{len(self.objects[key].content)}</Size>"
            f"<LastModified>{datetime.now(UTC):%Y-%m-%dT%H:%M:%S.000Z}</LastModified></Contents>"
            for key in here
        ]
        parts += [
            f"<CommonPrefixes><Prefix>{escape(each)}</Prefix></CommonPrefixes>" for each in deeper
        ]
        inside = "".join(["<IsTruncated>false</IsTruncated>", *parts])
        return f'<?xml version="1.0"?><ListBucketResult>{inside}</ListBucketResult>'


@contextlib.contextmanager
def object_store() -> Iterator[ObjectStore]:
    """Serve an empty store, until the context ends."""
    with ThreadingHTTPServer(("127.0.0.1", 0), _Handler) as server:
        server.daemon_threads = True
        store = ObjectStore(f"http://127.0.0.1:{server.server_port}")
        server.store = store  # type: ignore[attr-defined]
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield store
        finally:
            server.shutdown()
            thread.join()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    @property
    def _store(self) -> ObjectStore:
        store: ObjectStore = self.server.store  # type: ignore[attr-defined]
        return store

    @property
    def _key(self) -> str:
        """The key in the bucket, which is the first part of the path."""
        return unquote(urlsplit(self.path).path).partition("/")[2].partition("/")[2]

    def do_GET(self) -> None:
        if self._key:
            self._answer_object()
            return
        query = parse_qs(urlsplit(self.path).query)
        prefix, delimiter = (query.get(name, [""])[0] for name in ("prefix", "delimiter"))
        self._answer(200, self._store.listing(prefix, delimiter).encode(), {})

    def do_HEAD(self) -> None:
        self._answer_object()

    def do_PUT(self) -> None:
        content = self.rfile.read(int(self.headers["content-length"]))
        kept = {
            name.lower(): value
            for name, value in self.headers.items()
            if name.lower() == "content-type" or name.lower().startswith("x-amz-meta-")
        }
        stored = StoredObject(content, kept)
        self._store.objects[self._key] = stored
        self._store.changes.append(f"PUT {self._key}")
        self._answer(200, b"", {"etag": stored.etag})

    def do_DELETE(self) -> None:
        self._store.objects.pop(self._key, None)
        self._store.changes.append(f"DELETE {self._key}")
        self._answer(204, b"", {})

    def _answer_object(self) -> None:
        stored = self._store.objects.get(self._key)
        if stored is None:
            self._answer(404, b"", {})
            return
        now = format_datetime(datetime.now(UTC), usegmt=True)
        headers = stored.headers | {"etag": stored.etag, "last-modified": now}
        self._answer(200, stored.content, headers)

    def _answer(self, status: int, body: bytes, headers: dict[str, str]) -> None:
        self.send_response_only(status)
        for name, value in headers.items():
            self.send_header(name, value)
        if status != 204:
            self.send_header("content-length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""

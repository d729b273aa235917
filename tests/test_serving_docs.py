"""The configurations of docs/serving.md, as they stand there, in the real Caddy and nginx."""

import os
import shutil
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.client import HTTPConnection, HTTPResponse
from pathlib import Path

import pytest

from narrated.serving.media_types import MEDIA_TYPES
from support.daemon import wait
from support.documented import blocks

NGINX = shutil.which("nginx", path=f"{os.environ['PATH']}:/usr/sbin")
CADDY = shutil.which("caddy")
MISSING = ", ".join(name for name, path in (("caddy", CADDY), ("nginx", NGINX)) if path is None)
OUTBOX = "/srv/narrated/outbox"
SECRET = "Zk3sVx9QpLw7"
SOUND = bytes(range(256)) * 40

pytestmark = [
    pytest.mark.peers,
    pytest.mark.skipif(bool(MISSING), reason=f"needs {MISSING}"),
]

NGINX_AROUND = """
daemon off;
pid {home}/pid;
{user}
events {{}}
http {{
    access_log off;
    client_body_temp_path {home}/body;
    proxy_temp_path {home}/proxy;
    fastcgi_temp_path {home}/fastcgi;
    uwsgi_temp_path {home}/uwsgi;
    scgi_temp_path {home}/scgi;
    {site}
}}
"""


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer of a server."""

    status: int
    type: str
    headers: dict[str, str] = field(repr=False)
    body: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Server:
    """A server that is up, its port, and where the outbox is below it."""

    port: int
    base: str

    def ask(self, name: str, method: str = "GET", **headers: str) -> Answer:
        """Ask for a file of the outbox, by a path that is sent as it stands."""
        return self.ask_path(f"{self.base}{name}", method, **headers)

    def ask_path(self, path: str, method: str = "GET", **headers: str) -> Answer:
        connection = HTTPConnection("127.0.0.1", self.port, timeout=30)
        try:
            fields = {name.replace("_", "-"): value for name, value in headers.items()}
            connection.request(method, path, headers=fields)
            return _read(connection.getresponse())
        finally:
            connection.close()


def _read(response: HTTPResponse) -> Answer:
    headers = {name.lower(): value for name, value in response.getheaders()}
    return Answer(response.status, headers.get("content-type", ""), headers, response.read())


@pytest.fixture(scope="module")
def outbox(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An outbox with a file of each kind, and with what is nobody's business."""
    folder = tmp_path_factory.mktemp("served") / "outbox"
    for name in ("travel/.git", "index.files"):
        (folder / name).mkdir(parents=True)
    for suffix in MEDIA_TYPES:
        (folder / f"travel/post{suffix}").write_bytes(SOUND)
    for name in ("feed.xml", "travel/feed.xml", "index.html", *SECRETS, *PAGE):
        (folder / name).write_bytes(SOUND)
    return folder


SECRETS = (
    ".stignore",
    ".narrated-1a2b.tmp",
    "travel/.git/post.mp3",
    "travel/post.json",
    "travel/post.error.txt",
    "narrated.status.txt",
    "index.files/now.js",
)
PAGE = ("index.files/page.js", "index.files/page.css", "index.files/icon.svg")


@pytest.fixture(
    scope="module",
    params=[("caddy", ""), ("caddy", SECRET), ("nginx", ""), ("nginx", SECRET)],
    ids=["caddy", "caddy-private", "nginx", "nginx-private"],
)
def server(
    request: pytest.FixtureRequest, outbox: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Server]:
    """Each server with its documented configuration: of a public podcast, and of a private one."""
    program, secret = request.param
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = int(free.getsockname()[1])
    home = tmp_path_factory.mktemp(program)
    command = (_caddy if program == "caddy" else _nginx)(home, outbox, port, bool(secret))
    with _running(command, home, port):
        yield Server(port, f"/{secret}/" if secret else "/")


def _caddy(home: Path, outbox: Path, port: int, private: bool) -> list[str]:
    site, more = blocks("serving.md", "Caddy", "caddy")
    site = _placed(site, f"\troot * {OUTBOX}\n", more if private else "", outbox)
    site = _replaced(site, "podcast.example.org {", f"http://127.0.0.1:{port} {{")
    (home / "Caddyfile").write_text("{\n\tadmin off\n}\n" + site)
    return [str(CADDY), "run", "--adapter", "caddyfile", "--config", str(home / "Caddyfile")]


def _nginx(home: Path, outbox: Path, port: int, private: bool) -> list[str]:
    site, more = blocks("serving.md", "nginx", "nginx")
    site = _placed(site, f"    root {OUTBOX};\n", more if private else "", outbox)
    site = _replaced(site, "listen 80;", f"listen 127.0.0.1:{port};")
    user = "user root;" if os.geteuid() == 0 else ""
    (home / "nginx.conf").write_text(NGINX_AROUND.format(home=home, user=user, site=site))
    return [str(NGINX), "-e", "stderr", "-c", str(home / "nginx.conf")]


def _placed(site: str, root_line: str, more: str, outbox: Path) -> str:
    """The site with this outbox, and more lines below that of its root, as the page says."""
    return _replaced(site, root_line, root_line.replace(OUTBOX, str(outbox)) + more)


def _replaced(text: str, old: str, new: str) -> str:
    assert text.count(old) == 1, f"docs/serving.md has no {old!r}"
    return text.replace(old, new)


@contextmanager
def _running(command: list[str], home: Path, port: int) -> Iterator[None]:
    own = {"PATH": os.environ["PATH"], "HOME": str(home)}
    with (home / "log").open("wb") as log:
        process = subprocess.Popen(command, env=own, cwd=home, stdout=log, stderr=log)
    try:
        wait(lambda: process.poll() is not None or _answers(port), (home / "log").read_text)
        assert process.poll() is None, (home / "log").read_text()
        yield
    finally:
        process.terminate()
        process.wait(30)


def _answers(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), timeout=1).close()
    except OSError:
        return False
    return True


def test_documented_types(server: Server) -> None:
    """Each file has the type that `narrated serve` gives it; HEAD says what GET would."""
    names = [f"travel/post{suffix}" for suffix in MEDIA_TYPES if suffix in _OF_POSTS]
    assert len(names) >= 10
    for name in [*names, "feed.xml", "travel/feed.xml", "index.html", *PAGE]:
        head, answer = server.ask(name, "HEAD"), server.ask(name)
        expected = next(type for each, type in MEDIA_TYPES.items() if name.endswith(each))
        assert (answer.status, answer.body) == (200, SOUND), name
        assert answer.type in (expected, expected.partition(";")[0]), name
        assert (head.status, head.type, head.body) == (200, answer.type, b""), name
        assert head.headers["content-length"] == str(len(SOUND)), name
    page = server.ask("")
    assert (page.status, page.body, page.type) == (200, SOUND, MEDIA_TYPES[".html"])


_OF_POSTS = set(MEDIA_TYPES) - {".xml", ".html", ".css", ".js", ".png", ".svg", ".ico"}


def test_documented_ranges(server: Server) -> None:
    """A player resumes a download by a range, and never gets parts of two versions."""
    whole = server.ask("travel/post.mp3")
    part = server.ask("travel/post.mp3", Range="bytes=10-19")
    assert (part.status, part.body) == (206, SOUND[10:20])
    assert part.headers["content-range"] == f"bytes 10-19/{len(SOUND)}"
    tag = whole.headers["etag"]
    same = server.ask("travel/post.mp3", Range="bytes=10-", If_Range=tag)
    assert (same.status, same.body) == (206, SOUND[10:])
    other = server.ask("travel/post.mp3", Range="bytes=10-", If_Range='"another"')
    assert (other.status, other.body) == (200, SOUND)
    assert server.ask("travel/post.mp3", If_None_Match=tag).status == 304


def test_documented_hides_the_rest(server: Server) -> None:
    """Notes, manifests, dot files and folders are not there, however the path is written."""
    for name in SECRETS[:-1]:
        assert server.ask(name).status == 404, name
        assert server.ask(name.replace(".", "%2e")).status == 404, name
    for name in ("travel", "travel/", "index.files", "index.files/", "travel/../.stignore"):
        assert server.ask(name).status == 404, name
    for name in ("index.files/now.js", "index.files//now.js", "index.files/%6eow.js"):
        assert server.ask(name).body == b"", f"{name} has news for the public"
    if server.base != "/":
        secret = server.base.strip("/")
        for path in ("/", "/feed.xml", "/travel/post.mp3", f"/{secret}", f"/{secret}/../feed.xml"):
            assert server.ask_path(path).status == 404, path

"""The answers of `narrated serve` to clients of podcasts: types, ranges, tags."""

import asyncio
import os
import re
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from starlette.types import Message

from narrated.config.file import load
from narrated.podcast.page_assets import page_assets
from narrated.podcast.page_markup import page_head
from narrated.podcast.show import Show
from narrated.serving.application import Application
from support.daemon import wait
from support.served import SOUND, PublishedOutbox, Server, parsed, received, serving

VTT = b"WEBVTT\n"


@pytest.fixture(scope="module")
def outbox(tmp_path_factory: pytest.TempPathFactory) -> PublishedOutbox:
    """An outbox with a post, its feed and its page."""
    outbox = PublishedOutbox(tmp_path_factory.mktemp("served"))
    outbox.publish("post", vtt=VTT, srt=b"1\n", transcript_json=b"{}", chapters_json=b"{}")
    outbox.publish("photo", txt="Käse".encode())
    outbox.page()
    for name in ("page.css", "page.js", "now.js", "0123456789abcdef.jpg"):
        outbox.replace(f"index.files/{name}", b"x")
    outbox.replace("post.0123abcd.jpg", b"JPEG")
    outbox.feed("post.0123abcd.jpg")
    for path in outbox.folder.rglob("*"):
        os.utime(path, (1_700_000_000, 1_700_000_000))
    return outbox


@pytest.fixture(scope="module")
def server(outbox: PublishedOutbox) -> Iterator[Server]:
    """It serves the outbox."""
    with serving(outbox) as server:
        yield server


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("/feed.xml", "application/rss+xml"),
        ("/post.mp3", "audio/mpeg"),
        ("/post.vtt", "text/vtt"),
        ("/post.srt", "application/x-subrip"),
        ("/post.transcript.json", "application/json"),
        ("/post.chapters.json", "application/json+chapters"),
        ("/photo.txt", "text/plain; charset=utf-8"),
        ("/post.0123abcd.jpg", "image/jpeg"),
        ("/", "text/html; charset=utf-8"),
        ("/index.html", "text/html; charset=utf-8"),
        ("/index.files/page.css", "text/css; charset=utf-8"),
        ("/index.files/page.js", "text/javascript; charset=utf-8"),
    ],
)
def test_each_file_has_its_type(server: Server, path: str, kind: str) -> None:
    """Each published file has its exact type, which no browser guesses otherwise."""
    answer = server.get(path)
    assert (answer.status, answer.headers["content-type"]) == (200, kind)
    assert answer.headers["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize("suffix", ["m4a", "opus", "ogg", "flac", "wav"])
def test_each_sound_has_its_type(tmp_path: Path, suffix: str) -> None:
    """Each format of sound has the type that the feed tells of it."""
    from narrated.podcast.episode import SOUNDS
    from narrated.serving.media_types import content_headers, media_type

    kind = media_type(f"post.{suffix}")
    assert kind == SOUNDS[f".{suffix}"]
    assert content_headers(f"post.{suffix}", kind)["content-type"] == kind


def test_head_is_get_without_a_body(server: Server) -> None:
    """HEAD tells the same length, type and tag as GET, and sends nothing."""
    head, get = server.get("/post.mp3", "HEAD"), server.get("/post.mp3")
    names = ("content-length", "content-type", "etag", "accept-ranges", "last-modified")
    assert [head.headers[name] for name in names] == [get.headers[name] for name in names]
    assert (head.body, head.rest) == (b"", b"")
    assert get.body == SOUND


@pytest.mark.parametrize(
    ("asked", "part"),
    [
        ("bytes=0-0", slice(0, 1)),
        ("bytes=100-199", slice(100, 200)),
        ("bytes=1048000-", slice(1_048_000, None)),
        ("bytes=-50", slice(-50, None)),
        ("bytes=-99999999", slice(None)),
        ("bytes=5-99999999", slice(5, None)),
        ("BYTES=1-2", slice(1, 3)),
        ("bytes=0-9,5-14", slice(0, 15)),
    ],
)
def test_range_is_a_part(server: Server, asked: str, part: slice) -> None:
    """A range is exactly that part of the file; ranges that overlap are one."""
    answer = server.get("/post.mp3", range=asked)
    first, last, _ = part.indices(len(SOUND))
    assert (answer.status, answer.body) == (206, SOUND[part])
    assert answer.headers["content-range"] == f"bytes {first}-{last - 1}/{len(SOUND)}"
    assert answer.headers["content-length"] == str(len(SOUND[part]))


def test_several_ranges_are_parts(server: Server) -> None:
    """Several ranges come as parts, each with its place."""
    answer = server.get("/post.mp3", range="bytes=0-9,1000-1009")
    assert answer.status == 206
    boundary = answer.headers["content-type"].partition("boundary=")[2]
    assert answer.body.count(f"--{boundary}".encode()) == 3
    assert b"Content-Range: bytes 0-9/" in answer.body
    assert SOUND[1000:1010] in answer.body


@pytest.mark.parametrize(
    ("asked", "status"),
    [
        (f"bytes={len(SOUND)}-", 416),
        ("bytes=-0", 416),
        ("bytes=9-5", 400),
        ("bytes=a-b", 400),
        ("bytes=", 400),
        (f"bytes=0-{'9' * 5000}", 400),
        (f"bytes=0-{'9' * 400}", 206),
        ("lines=0-9", 200),
        ("0-9", 200),
        ("bytes=" + ",".join(f"{at}-{at}" for at in range(0, 2000, 2)), 200),
    ],
    ids=range(10),
)
def test_odd_range_is_refused_or_whole(server: Server, asked: str, status: int) -> None:
    """A range past the end is refused; one of another unit, or of a thousand parts, is none."""
    answer = server.get("/post.mp3", range=asked)
    assert answer.status == status
    if status == 416:
        assert answer.headers["content-range"] == f"bytes */{len(SOUND)}"
    assert answer.status != 200 or answer.body == SOUND


def test_known_content_is_not_sent(server: Server) -> None:
    """Who has the content is told so: by its tag, in any form, or else by its date."""
    headers = server.get("/feed.xml").headers
    tag, date = headers["etag"], headers["last-modified"]
    for asked in ({"if_none_match": tag}, {"if_none_match": f'"x", W/{tag}'},
                  {"if_none_match": "*"}, {"if_modified_since": date}):  # fmt: skip
        answer = server.get("/feed.xml", **asked)
        assert (answer.status, answer.body) == (304, b"")
        assert answer.headers["etag"] == tag
        assert answer.headers["cache-control"] == "no-cache"
    for asked in ({"if_none_match": '"x"', "if_modified_since": date},
                  {"if_modified_since": "yesterday"}):  # fmt: skip
        assert server.get("/feed.xml", **asked).status == 200


def test_young_file_has_no_date(outbox: PublishedOutbox, server: Server) -> None:
    """A date in whole seconds would not tell a file from the next one of the same second."""
    outbox.publish("young", b"First")
    os.utime(outbox.folder / "young.mp3", (time.time() + 3600, time.time() + 3600))
    assert "last-modified" not in server.get("/young.mp3").headers


def test_stale_range_gets_the_whole_file(outbox: PublishedOutbox, server: Server) -> None:
    """A resumed download of a replaced file begins again: it never mixes two versions.

    The second version has the same length and the same time.
    """
    outbox.publish("edited", SOUND)
    before = server.get("/edited.mp3").headers
    part = {"range": "bytes=1000-", "if_range": before["etag"]}
    assert server.get("/edited.mp3", **part).status == 206
    status = (outbox.folder / "edited.mp3").stat()
    outbox.publish("edited", SOUND[::-1])
    os.utime(outbox.folder / "edited.mp3", ns=(status.st_atime_ns, status.st_mtime_ns))
    answer = server.get("/edited.mp3", **part)
    assert (answer.status, answer.body) == (200, SOUND[::-1])
    assert answer.headers["etag"] != before["etag"]


@pytest.mark.parametrize("condition", ["Tue, 14 Nov 2023 22:13:20 GMT", 'W/"x"', '"x"', "x"])
def test_unsure_condition_gets_it_whole(server: Server, condition: str) -> None:
    """A condition that tells no content for sure gets the whole file, a date too."""
    answer = server.get("/post.mp3", range="bytes=1000-", if_range=condition)
    assert (answer.status, answer.body) == (200, SOUND)


def test_download_outlives_its_file(outbox: PublishedOutbox, server: Server) -> None:
    """Who downloads a file while it is replaced gets the rest of the one that it began."""
    old = os.urandom(12 << 20)  # more than the sockets hold
    outbox.publish("long", old)
    with server.connected() as client:
        client.sendall(b"GET /long.mp3 HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n")
        beginning = client.recv(1 << 16)
        outbox.publish("long", b"new" * (4 << 20))
        assert parsed(beginning + received(client)).body == old
    assert server.get("/long.mp3").body == b"new" * (4 << 20)


@pytest.mark.parametrize(
    ("name", "asked"),
    [("whole", b""), ("part", b"range: bytes=9-\r\n"), ("parts", b"range: bytes=0-9,99-\r\n")],
)
def test_file_cut_meanwhile_is_told(
    outbox: PublishedOutbox, server: Server, name: str, asked: bytes
) -> None:
    """A file that another program cuts while it is sent ends early, so that a client can tell."""
    outbox.publish(name, bytes(16 << 20))
    with server.connected() as client:
        asked_for = f"GET /{name}.mp3 HTTP/1.1\r\nhost: localhost\r\n".encode()
        client.sendall(asked_for + asked + b"\r\n")
        client.recv(1)
        os.truncate(outbox.folder / f"{name}.mp3", 1 << 20)
        assert len(received(client)) < 15 << 20
    wait(lambda: f"{name}.mp3 was changed in its place" in server.log)
    assert "could not be answered" not in server.log


def test_page_has_its_policy(server: Server) -> None:
    """The page's policy is a header too: nothing inline, nothing off the host; no address leaks."""
    headers = server.get("/").headers
    (in_page,) = re.findall(
        rb'Security-Policy" content="([^"]+)"', page_head(Show(title="Blog"), [])
    )
    told = {*headers["content-security-policy"].split("; ")}
    assert {*in_page.decode().replace(" file:", "").split("; ")} < told
    assert "frame-ancestors 'none'" in told
    assert headers["referrer-policy"] == "no-referrer"
    assert "sandbox" in server.get("/feed.xml").headers["content-security-policy"]


def test_files_of_the_page_are_served(outbox: PublishedOutbox, server: Server) -> None:
    """Each file that the page brings along is served, with a type that a browser takes."""
    for name in page_assets():
        outbox.replace(f"index.files/{name}", b"x")
        answer = server.get(f"/index.files/{name}")
        assert answer.status == 200, name
        assert answer.headers["content-type"] != "application/octet-stream", name


def test_caching_goes_by_the_name(server: Server) -> None:
    """A picture named by its content is kept for good; all else is asked for again."""
    kept = ("/post.0123abcd.jpg", "/index.files/0123456789abcdef.jpg")
    asked_again = ("/feed.xml", "/", "/post.mp3", "/post.vtt", "/index.files/page.js")
    caching = {path: server.get(path).headers["cache-control"] for path in (*kept, *asked_again)}
    assert {path for path, how in caching.items() if "immutable" in how} == {*kept}
    assert {caching[path] for path in asked_again} == {"no-cache"}


def test_other_methods_are_refused(server: Server) -> None:
    """Nothing can be changed: other methods are refused, and leave no body behind."""
    for method in ("POST", "PUT", "DELETE", "OPTIONS", "PROPFIND"):
        answer = server.get("/post.mp3", method)
        assert (answer.status, answer.headers["allow"]) == (405, "GET, HEAD")


def test_old_and_piped_requests(server: Server) -> None:
    """HTTP/1.0, an address with its host, and requests in one piece are answered in order."""
    assert server.raw(b"GET /post.vtt HTTP/1.0\r\n\r\n").body == VTT
    absolute = b"GET http://localhost/post.vtt HTTP/1.1\r\nhost: localhost\r\n"
    assert server.raw(absolute + b"connection: close\r\n\r\n").body == VTT
    piped = b"GET /post.vtt HTTP/1.1\r\nhost: localhost\r\n\r\n"
    last = b"GET /post.srt HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n"
    first = server.raw(piped * 20 + last)
    rest = first.rest
    for _ in range(20):
        answer = parsed(rest)
        rest = answer.rest
    assert (first.body, answer.body, rest) == (VTT, b"1\n", b"")


def test_unasked_name_is_refused(server: Server) -> None:
    """Without a token, a page of the web cannot read by giving its own name this address."""
    for host in (
        "127.0.0.1:8321",
        "localhost",
        "[::1]:8321",
        "192.168.1.7",
        "box.local",
        "box.LOCAL.",
    ):
        assert server.get("/feed.xml", host=host).status == 200, host
    for host in ("evil.example", "localhost.evil.example", "127.0.0.1.evil.example", "a b", "["):
        assert server.get("/feed.xml", host=host).status in (400, 421), host


def test_public_learns_no_drafts(server: Server) -> None:
    """What is being read, and why another failed, is told on this machine; not to the public."""
    for host in ("localhost:8321", "127.0.0.1:8321", "[::1]:8321"):
        assert server.get("/index.files/now.js", host=host).body == b"x"
    answer = server.get("/index.files/now.js", host="192.168.1.7")
    assert (answer.status, answer.body) == (200, b"")
    assert answer.headers["content-type"] == "text/javascript; charset=utf-8"


@pytest.mark.parametrize(
    ("client", "passed_on", "is_told"),
    [
        ("127.0.0.1", None, True),
        ("::1", None, True),
        ("::ffff:127.0.0.1", None, True),
        ("192.168.1.9", None, False),
        ("::ffff:192.168.1.9", None, False),
        ("", None, False),
        ("127.0.0.1", b"x-forwarded-for", False),
        ("127.0.0.1", b"forwarded", False),
    ],
)
def test_forged_name_learns_no_drafts(
    outbox: PublishedOutbox, client: str, passed_on: bytes | None, is_told: bool
) -> None:
    """Who asks from elsewhere learns no drafts by a name of this machine, nor through a proxy."""
    headers = [(b"host", b"localhost"), *([(passed_on, b"for=10.0.0.1")] if passed_on else [])]
    scope = {"type": "http", "asgi": {"spec_version": "2.4"}, "method": "GET",
             "raw_path": b"/index.files/now.js", "headers": headers,
             "client": (client, 4711) if client else None}  # fmt: skip
    sent: list[Message] = []

    async def keep(message: Message) -> None:
        sent.append(message)

    async def nothing_more() -> Message:
        return {"type": "http.disconnect"}

    asyncio.run(Application(load(outbox.config))(scope, nothing_more, keep))
    assert sent[0]["status"] == 200
    assert b"".join(each.get("body", b"") for each in sent) == (b"x" if is_told else b"")


def test_base_url_is_answered(tmp_path: Path) -> None:
    """Behind a proxy, the host of `base_url` is answered, and players on the web may read."""
    outbox = PublishedOutbox(tmp_path, base_url="https://example.org/pod/")
    outbox.publish("post")
    outbox.page()
    outbox.replace("index.files/now.js", b"x")
    with serving(outbox) as server:
        assert server.get("/index.files/now.js").body == b""  # as a proxy may ask for strangers
        answer = server.get("/post.mp3", host="example.org")
    assert (answer.status, answer.headers["access-control-allow-origin"]) == (200, "*")

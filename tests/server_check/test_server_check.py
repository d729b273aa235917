"""`narrated podcast check URL` against servers: a right one, and wrong ones of each kind."""

import threading
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from io import BytesIO
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from PIL import Image

from narrated.cli.main import main
from narrated.podcast.episode import Episode, LinkedFile
from narrated.podcast.episode_text import Paragraph
from narrated.podcast.feed_parts import FEED_END
from narrated.podcast.rss import feed_head, feed_item
from narrated.podcast.show import Show
from narrated.server_check.asking import MOST_SILENT
from narrated.server_check.http_client import Answer
from narrated.server_check.served_files import Kind, NamedFile, ServedFile
from narrated.server_check.server_rules import SERVER_RULES
from support.podcast_server import Asked, PodcastServer, Reply, Spoils, serving_podcast


def _cover(side: int) -> bytes:
    written = BytesIO()
    Image.new("RGB", (side, side)).save(written, "JPEG")
    return written.getvalue()


COVER = _cover(1400)
SOUND = b"\1" * 20_000
FILES = {
    "/pod/one.mp3": ("audio/mpeg", SOUND),
    "/pod/two.mp3": ("audio/mpeg", SOUND),
    "/pod/one.vtt": ("text/vtt; charset=utf-8", b"WEBVTT\n"),
    "/pod/one.chapters.json": ("application/json", b"{}"),
    "/pod/one.1.jpg": ("image/jpeg", COVER),
    "/pod/cover.jpg": ("image/jpeg", COVER),
}


@pytest.fixture
def server() -> Iterator[PodcastServer]:
    """A server that is right, with a podcast of two episodes."""
    with serving_podcast() as ready:
        ready.files = {"/pod/feed.xml": ("application/rss+xml", _feed(ready.address)), **FILES}
        ready.files["/page"] = ("text/html", b"<!DOCTYPE html>\n<title>A blog</title>\n<p hidden>")
        yield ready


def _episode(name: str) -> Episode:
    return Episode(
        title=f"Title {name}",
        guid=f"urn:{name}",
        dated_s=1_709_942_400.0,
        duration_s=60,
        sound=LinkedFile(f"{name}.mp3", "audio/mpeg", len(SOUND)),
        transcripts=(LinkedFile("one.vtt", "text/vtt"),),
        chapters=LinkedFile("one.chapters.json", "application/json+chapters"),
        image="one.1.jpg",
    )


def _feed(address: str, names: tuple[str, ...] = ("two", "one")) -> bytes:
    show = Show(
        title="A blog",
        author="Ada",
        description="Of tea.",
        categories=(("Technology", ""),),
        owner_email="ada@example.org",
        base_url=f"{address}/pod/",
        guid="9b024349-ccf0-5f69-a609-6b82873eab3c",
        image="cover.jpg",
    )
    words = (Paragraph("paragraph", "Words."),)
    items = (feed_item(show, _episode(name), words) for name in names)
    return feed_head(show, 1.0) + b"".join(items) + FEED_END


def _check(address: str) -> Result:
    return CliRunner().invoke(main, ["podcast", "check", address])


def _bad(checked: Result) -> list[str]:
    return [line for line in checked.output.splitlines() if line.startswith("BAD")]


def test_right_server_is_well(server: PodcastServer) -> None:
    """A right server is told as one; each file is asked for once, sounds in parts, too."""
    checked = _check(f"{server.address}/pod/feed.xml")
    assert "The server gives 6 files as players ask for them. 2 sounds in parts" in checked.output
    assert (checked.exit_code, _bad(checked)) == (0, [])
    heads = [asked.path for asked in server.asked if asked.method == "HEAD"]
    assert sorted(heads) == sorted(["/pod/feed.xml", *FILES])


def _with(path: str = "/pod/two.mp3", status: int = 0, **headers: str) -> Spoils:
    """Change status and headers of a path; an empty header is not sent."""

    def spoil(asked: Asked, reply: Reply) -> None:
        if asked.path == path:
            reply.status = status or reply.status
            reply.headers |= {name.replace("_", "-"): value for name, value in headers.items()}

    return spoil


def _when(is_hit: str, change: Spoils) -> Spoils:
    """Change only what has this header, or this method."""
    return lambda asked, reply: (
        change(asked, reply) if is_hit in (asked.method, *asked.headers) else None
    )


def _gone(asked: Asked, reply: Reply) -> None:
    if asked.path == "/pod/two.mp3":
        reply.status, reply.headers, reply.body = 404, {"content-length": "0"}, b""


def _without_ranges(asked: Asked, reply: Reply) -> None:
    if reply.status == 206:
        reply.status, reply.body = 200, SOUND
        reply.headers = {"content-type": "audio/mpeg", "content-length": str(len(SOUND))}


def _without_if_range(asked: Asked, reply: Reply) -> None:
    if "if-range" in asked.headers:
        reply.status = 206
        reply.headers |= {"content-range": "bytes 1-1024/20000", "content-length": "1024"}
        reply.body = SOUND[:1024]


def _elsewhere(asked: Asked, reply: Reply) -> None:
    if asked.path == "/pod/two.mp3":
        reply.status, reply.body = 302, b""
        reply.headers = {"location": "/pod/one.mp3", "content-length": "0"}


def _encoded(asked: Asked, reply: Reply) -> None:
    if asked.path == "/pod/two.mp3":
        reply.headers["content-encoding"] = "gzip"


def _hung_up(asked: Asked, reply: Reply) -> None:
    if asked.path == "/pod/two.mp3":
        reply.status = 0


def _untagged(asked: Asked, reply: Reply) -> None:
    reply.headers.pop("etag", None)


OTHER_RANGE = _with(content_range="bytes 0-1023/20000")
ROWS: dict[str, tuple[Spoils, str]] = {
    "answer": (_hung_up, "The server gives no file: the connection broke"),
    "there": (_gone, "a file that the server does not have (404). `two.mp3`."),
    "right": (_with(status=403), "keeps a file to itself (403). `two.mp3`."),
    "status": (_with(status=503), "The server answers 503 instead of a file. `two.mp3`."),
    "head": (_when("HEAD", _with(status=405)), "refuses HEAD (405), though it serves the file"),
    "redirect": (_elsewhere, "/pod/one.mp3. `two.mp3`."),
    "length": (_with(content_length=""), "does not tell the length of a sound. `two.mp3`."),
    "other length": (
        _when("HEAD", _with(content_length="19999")),
        "than the feed says: 19,999 bytes instead of 20,000. `two.mp3`.",
    ),
    "encoding": (_encoded, "compresses a sound (gzip). `two.mp3`."),
    "type": (_with(content_type="text/plain"), "calls a sound `text/plain`, unlike"),
    "other type": (_with("/pod/one.vtt", content_type="text/plain"), "as `text/plain`. `one.vtt`"),
    "ranges": (_without_ranges, "ignores byte ranges (200): players cannot jump. `two.mp3`"),
    "part": (
        _when("range", OTHER_RANGE),
        "`bytes 0-1023/20000` for `bytes 1-1024/20000`. `two.mp3`.",
    ),
    "mixed": (_without_if_range, "resumed after an edit mixes two versions. `two.mp3`, `one.mp3`"),
    "tag": (_untagged, "neither ETag nor Last-Modified"),
}
"""For each rule, an answer that breaks it, and what is told."""


@pytest.mark.parametrize("key", ROWS)
def test_wrong_server_is_told(server: PodcastServer, key: str) -> None:
    """Each rule finds the server that breaks it, with the file and with what it answered."""
    server.spoils, told = ROWS[key]
    checked = _check(f"{server.address}/pod/feed.xml")
    rule = next(rule for rule in SERVER_RULES if rule.key == key)
    line = f"{'BAD ' if rule.refuses else 'note'}  {rule.asked_by}, {key}: "
    found = [each for each in checked.output.splitlines() if each.startswith(line)]
    assert [told in each for each in found] == [True], checked.output
    assert checked.exit_code == (1 if _bad(checked) else 0)


def test_https_led_to_http_is_told() -> None:
    """A file of https that is redirected to http is told."""
    rule = next(rule for rule in SERVER_RULES if rule.key == "insecure")
    head = Answer(200, {}, b"", False, "http://example.org/a.mp3", True, redirects=1)
    for scheme, told in (("https", "http://example.org/a.mp3"), ("http", None)):
        file = NamedFile(f"{scheme}://example.org/a.mp3", Kind.SOUND)
        assert rule.breaks(ServedFile(file, head=head)) == told


def test_every_server_rule_has_a_row() -> None:
    """Each rule is tried by a test of its own."""
    assert [rule.key for rule in SERVER_RULES if rule.key not in ROWS] == ["insecure"]
    assert len({rule.key for rule in SERVER_RULES}) == len(SERVER_RULES)


def _moved(asked: Asked, reply: Reply) -> None:
    if asked.path == "/feed":
        reply.status, reply.headers = 301, {"location": "/pod/feed.xml", "content-length": "0"}


def _always_whole(asked: Asked, reply: Reply) -> None:
    if reply.status == 304:
        reply.status, reply.headers["content-length"] = 200, "0"


FEEDS: dict[str, tuple[str, Spoils, int, str]] = {
    "moved": ("/feed", _moved, 0, "The feed is redirected for good, to http"),
    "type": ("", _with("/pod/feed.xml", content_type="text/plain"), 0, "the feed `text/plain`"),
    "absent": ("/none", lambda asked, reply: None, 1, "/none answers 404."),
    "private": ("", _with("/pod/feed.xml", status=401), 1, "put a token into the path"),
    "sound": ("/pod/one.mp3", lambda asked, reply: None, 1, "is no feed: it is not XML"),
    "page": ("/page", lambda asked, reply: None, 1, "is no feed: it is a web page.\n"),
    "unchanged": ("", _always_whole, 0, "sends the whole feed again"),
    "head": ("", _when("HEAD", _with("/pod/feed.xml", status=405)), 1, "HEAD for the feed (405)"),
    "loop": ("", _with("/pod/feed.xml", 302, location="feed.xml"), 1, "more than 5 times"),
    "file": ("", _with("/pod/feed.xml", 302, location="file:///etc/passwd"), 1, "no address of"),
}
"""Addresses and answers for a feed, the exit code, and what is told."""


@pytest.mark.parametrize("key", FEEDS)
def test_feed_is_looked_at_as_served(server: PodcastServer, key: str) -> None:
    """The feed itself is asked for by GET, HEAD and its ETag; what is wrong is told."""
    path, server.spoils, code, told = FEEDS[key]
    checked = _check(server.address + (path or "/pod/feed.xml"))
    assert told in checked.output
    assert checked.exit_code == code
    assert "root:" not in checked.output


def test_own_rules_hold_for_url(server: PodcastServer) -> None:
    """The rules of feeds are tried as they are without a URL; relative links are followed."""
    feed = _feed(server.address).replace(b' url="' + server.address.encode() + b"/pod/", b' url="')
    server.files["/pod/feed.xml"] = ("application/rss+xml", feed.replace(b"Ada", b""))
    checked = _check(f"{server.address}/pod/feed.xml")
    assert "BAD   Apple, address: Links are relative" in checked.output
    assert "BAD   Apple, author: The show has no author" in checked.output
    assert "The server gives 6 files" in checked.output


def test_endless_feed_is_told(server: PodcastServer) -> None:
    """A feed with more episodes than anybody has is refused before it is read."""
    items = b"<rss><channel>" + b"<item/>" * 20_001 + b"</channel></rss>"
    server.files["/pod/feed.xml"] = ("application/rss+xml", items)
    checked = _check(f"{server.address}/pod/feed.xml")
    assert "has over 20,000 episodes" in checked.output
    assert checked.exit_code == 1


def test_other_address_is_told(server: PodcastServer) -> None:
    """A feed that tells another address than its own is told with what mends it."""
    server.files["/copy/feed.xml"] = server.files["/pod/feed.xml"]
    checked = _check(f"{server.address}/copy/feed.xml")
    assert "self: The feed does not tell its own address." in checked.output
    assert "base_url: …}` to the address at which you serve" in checked.output
    assert checked.exit_code == 0


def test_lost_links_name_base_url(server: PodcastServer) -> None:
    """Links that all lead to an address without files are told by `base_url`, once."""
    feed = _feed(server.address).replace(b"/pod/", b"/elsewhere/")
    server.files["/pod/feed.xml"] = ("application/rss+xml", feed)
    checked = _check(f"{server.address}/pod/feed.xml")
    (told,) = _bad(checked)
    assert "The feed names 6 files at another address, where none is:" in told
    assert f"base_url: …}}` is another address. Set it to {server.address}/pod/" in checked.output
    assert "Copy the outbox" not in checked.output
    server.files["/elsewhere/one.mp3"] = FILES["/pod/one.mp3"]
    checked = _check(f"{server.address}/pod/feed.xml")
    assert "names a file that the server does not have (404)" in checked.output
    assert "is another address" not in checked.output


def test_pythons_server_is_refused(server: PodcastServer, tmp_path: Path) -> None:
    """Python's own http.server looks well in a browser, but ignores ranges: Apple refuses it."""
    for path, (_, content) in server.files.items():
        target = tmp_path / path[1:]
        target.parent.mkdir(exist_ok=True)
        target.write_bytes(content)
    quiet = partial(_QuietFiles, directory=str(tmp_path))
    with ThreadingHTTPServer(("127.0.0.1", 0), quiet) as plain:
        address = f"http://127.0.0.1:{plain.server_port}"
        (tmp_path / "pod/feed.xml").write_bytes(_feed(address))
        thread = threading.Thread(target=plain.serve_forever, args=(0.01,))
        thread.start()
        checked = _check(f"{address}/pod/feed.xml")
        plain.shutdown()
        thread.join()
    assert [line.partition(":")[0] for line in _bad(checked)] == ["BAD   Apple, ranges"]
    assert checked.exit_code == 1


class _QuietFiles(SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


def test_covers_are_looked_at(server: PodcastServer) -> None:
    """The covers that the server gives are held against the rules of covers."""
    server.files["/pod/cover.jpg"] = ("image/jpeg", _cover(1399))
    checked = _check(f"{server.address}/pod/feed.xml")
    (told,) = [line for line in checked.output.splitlines() if "Apple, cover" in line]
    assert "The show's" in told, told
    assert checked.exit_code == 1


def test_silent_server_is_left(server: PodcastServer) -> None:
    """A server that answers no more is left after a few questions, and the rest is counted."""
    names = tuple(str(number) for number in range(200))
    server.files["/pod/feed.xml"] = ("application/rss+xml", _feed(server.address, names))
    server.spoils = lambda asked, reply: setattr(
        reply, "status", reply.status if asked.path == "/pod/feed.xml" else 0
    )
    checked = _check(f"{server.address}/pod/feed.xml")
    files = len(names) + 4
    assert f"{files - MOST_SILENT} files of {files} were not asked for: {MOST_SILENT} in a row" in (
        checked.output
    )
    assert f"and {MOST_SILENT - 3} more." in checked.output
    assert checked.exit_code == 1


@pytest.mark.parametrize("address", ["feed.xml", "file:///etc/passwd", "ftp://a/", "http://", "x:"])
def test_only_web_addresses_are_asked(tmp_path: Path, address: str) -> None:
    """Another address than one of http or https is refused as wrong usage."""
    checked = _check(address)
    assert "is no address of http or https" in checked.output
    assert checked.exit_code == 2


def test_unreachable_feed_is_told() -> None:
    """An address at which nothing listens is told in a sentence."""
    with serving_podcast() as gone:
        pass
    checked = _check(f"{gone.address}/feed.xml")
    assert "gives no feed: nothing listens there." in checked.output
    assert checked.exit_code == 1

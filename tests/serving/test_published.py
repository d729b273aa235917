"""What `narrated serve` takes for published, and that it serves nothing else."""

import os
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import pytest

from narrated.serving.feed_covers import covers_in
from support.served import SOUND, PublishedOutbox, Server, serving

ODD = os.fsdecode(b"caf\xe9 \xff & 100%")
"""A name that is no UTF-8."""


@pytest.fixture(scope="module")
def outbox(tmp_path_factory: pytest.TempPathFactory) -> PublishedOutbox:
    """An outbox with published files, and much that is not."""
    outbox = PublishedOutbox(tmp_path_factory.mktemp("published"))
    outbox.publish("post", vtt=b"WEBVTT\n")
    outbox.publish("blog/2026/deep.md")
    outbox.publish(ODD)
    outbox.publish("日本語")
    for cover in ("cover-0123abcd.jpg", "blog/2026/deep.0123abcd.jpg", "blog/own.0123abcd.jpg"):
        outbox.replace(cover, b"JPEG")
    outbox.feed("cover-0123abcd.jpg", "blog/2026/deep.0123abcd.jpg", "../n.jpg", "/etc/n.jpg")
    outbox.feed("own.0123abcd.jpg", folder="blog", base_url="")
    for name in ("mine.mp3", "mine.jpg", "own.0123abcd.jpg", "post.error.txt", ".hidden.mp3",
                 "narrated.status.txt", "folder.jpg", "post.wav", "index.html"):  # fmt: skip
        outbox.replace(name, b"not published")
    (outbox.folder / "index.files").mkdir()
    outbox.replace("index.files/page.js", b"a page of somebody else")
    (outbox.folder / ".git").mkdir()
    outbox.replace(".git/config", b"secret")
    (outbox.home / "secret.mp3").write_bytes(b"secret")
    return outbox


@pytest.fixture(scope="module")
def server(outbox: PublishedOutbox) -> Iterator[Server]:
    """It serves the outbox."""
    with serving(outbox) as server:
        yield server


@pytest.mark.parametrize(
    "path", ["post.mp3", "post.vtt", "blog/2026/deep.md.mp3", f"{ODD}.mp3", "日本語.mp3",
             "feed.xml", "blog/feed.xml", "cover-0123abcd.jpg", "blog/2026/deep.0123abcd.jpg",
             "blog/own.0123abcd.jpg"],
)  # fmt: skip
def test_published_file_is_served(server: Server, path: str) -> None:
    """Feeds, their covers, and what manifests list are served, whatever bytes a name has."""
    assert server.get(f"/{quote(os.fsencode(path))}").status == 200


@pytest.mark.parametrize(
    "path",
    [
        "/mine.mp3",
        "/mine.jpg",
        "/own.0123abcd.jpg",
        "/post.json",
        "/post.wav",
        "/post.error.txt",
        "/narrated.status.txt",
        "/folder.jpg",
        "/.hidden.mp3",
        "/.git/config",
        "/index.html",
        "/",
        "/index.files/page.js",
        "/index.files/",
        "/blog",
        "/blog/",
        "/blog/2026/",
        "/../secret.mp3",
        "/blog/../post.mp3",
        "/blog/../../secret.mp3",
        "/%2e%2e/secret.mp3",
        "/%2e%2e%2fsecret.mp3",
        "/..%2fsecret.mp3",
        "/%252e%252e/secret.mp3",
        "/..\\secret.mp3",
        "/post.mp3%00.vtt",
        "/post.mp3/",
        "//post.mp3",
        "/./post.mp3",
        "/%2fetc/passwd",
        "//etc/passwd",
        "/post.mp3%20",
        "/POST.MP3",
        "/%ff%fe.mp3",
        "/" + "a" * 5000,
        "/" + "a/" * 4000,
        "/" + "%2e%2e/" * 2000 + "etc/passwd",
    ],
    ids=lambda path: path[:24].replace("%00", "NUL"),
)
def test_all_else_is_absent(server: Server, path: str) -> None:
    """Whatever narrated did not publish is not there: no folder, no note, no file of others."""
    answer = server.get(path)
    assert (answer.status, answer.body) == (404, b"Not Found\n")


def test_no_link_is_followed(outbox: PublishedOutbox, server: Server) -> None:
    """A link, a pipe or a folder under a published name is not served, nor one on the way."""
    outbox.publish("linked", vtt=b"WEBVTT\n", srt=b"1\n")
    for suffix in ("mp3", "vtt", "srt"):
        (outbox.folder / f"linked.{suffix}").unlink()
    (outbox.folder / "linked.mp3").symlink_to(outbox.home / "secret.mp3")
    os.mkfifo(outbox.folder / "linked.vtt")
    (outbox.folder / "linked.srt").mkdir()
    (outbox.folder / "way").symlink_to("blog")
    for path in ("/linked.mp3", "/linked.vtt", "/linked.srt", "/way/2026/deep.md.mp3"):
        assert server.get(path).status == 404, path


def test_foreign_feed_is_absent(tmp_path: Path) -> None:
    """A feed without our mark is not served, and its pictures are not either."""
    outbox = PublishedOutbox(tmp_path)
    outbox.replace("cover.jpg", b"JPEG")
    outbox.replace("feed.xml", b'<rss><itunes:image href="cover.jpg"/></rss>')
    with serving(outbox) as server:
        assert server.get("/feed.xml").status == 404
        assert server.get("/cover.jpg").status == 404
        outbox.feed("cover.jpg")
        assert server.get("/cover.jpg").status == 200
        outbox.feed()
        assert server.get("/cover.jpg").status == 404


def test_withdrawn_file_is_absent(outbox: PublishedOutbox, server: Server) -> None:
    """A file that its manifest lists no more is gone at once, though it stands."""
    outbox.publish("gone", vtt=b"WEBVTT\n")
    assert server.get("/gone.vtt").status == 200
    outbox.publish("gone")
    assert server.get("/gone.vtt").status == 404
    (outbox.folder / "gone.json").write_bytes(b"[")
    assert server.get("/gone.mp3").status == 404


def test_manifest_lists_its_own_alone(outbox: PublishedOutbox, server: Server) -> None:
    """A manifest publishes files of its own narration, never those of others beside it."""
    outbox.publish("evil")
    manifest = outbox.folder / "evil.json"
    manifest.write_bytes(manifest.read_bytes().replace(b"evil.mp3", b"mine.mp3"))
    assert server.get("/mine.mp3").status == 404
    assert server.get("/evil.mp3").status == 404


def test_missing_outbox_is_awaited(tmp_path: Path) -> None:
    """Without an outbox it says that it is not there, and serves it once it is."""
    outbox = PublishedOutbox(tmp_path)
    outbox.publish("post")
    away = outbox.folder.rename(tmp_path / "away")
    with serving(outbox) as server:
        assert f"{outbox.folder} is missing" in server.log
        answer = server.get("/post.mp3")
        assert (answer.status, answer.headers["retry-after"]) == (503, "60")
        away.rename(outbox.folder)
        assert server.get("/post.mp3").body == SOUND


def test_covers_of_a_long_feed(tmp_path: Path) -> None:
    """All covers of a feed of many megabytes are found, wherever its pieces end."""
    outbox = PublishedOutbox(tmp_path)
    names = [f"post-{n}.0123abcd.jpg" for n in range(2000)]
    outbox.feed(*names)
    feed = outbox.folder / "feed.xml"
    filler = b"<description>" + b"word " * 997 + b"</description>\n"
    feed.write_bytes(feed.read_bytes().replace(b"<itunes:image", filler + b"<itunes:image"))
    with feed.open("rb") as file:
        assert covers_in(file, "feed.xml") == {*names}


@pytest.mark.parametrize("piece", [b'="', b"<itunes:image href=", b'<itunes:image href="', b"x"])
def test_hostile_feed_costs_its_length(tmp_path: Path, piece: bytes) -> None:
    """A feed made to be slow costs no more than some times its length."""
    feed = tmp_path / "feed.xml"
    costs = []
    for size in (1 << 20, 1 << 23):
        feed.write_bytes(piece * (size // len(piece)))
        with feed.open("rb") as file:
            before = time.process_time()
            covers_in(file, "feed.xml")
            costs.append(time.process_time() - before)
    assert costs[1] < 64 * max(costs[0], 0.01)

"""The token of a private podcast: one address answers, all others are as absent."""

from pathlib import Path

import pytest

from narrated.errors import StorageError
from narrated.podcast_token import (
    address_with,
    is_token,
    make_token,
    read_token,
    token_path,
)
from support.served import SOUND, PublishedOutbox, serving


def test_only_the_token_opens(tmp_path: Path) -> None:
    """With a token, its address alone answers; a wrong one is told what the absent is."""
    outbox = PublishedOutbox(tmp_path)
    outbox.publish("post")
    token = make_token(tmp_path / "state")
    with serving(outbox) as server:
        assert server.get(f"/{token}/post.mp3", host="any.example").body == SOUND
        absent = server.get(f"/{token}/absent.mp3")
        for path in ("/", "/post.mp3", f"/{token[:-1]}/post.mp3", f"/{token}x/post.mp3",
                     f"/{token.upper()}/post.mp3", f"//{token}/post.mp3", f"/x/{token}/post.mp3",
                     f"/{'%00' * 32}/post.mp3", f"/%FF{token}/post.mp3"):  # fmt: skip
            for method in ("GET", "POST"):
                answer = server.get(path, method)
                assert (answer.status, answer.body) == (404, absent.body), path
                assert {*answer.headers} == {*absent.headers}
        bare = server.get(f"/{token}")
        assert (bare.status, bare.headers["location"]) == (308, f"{token}/")
        assert token not in server.log
        assert token[:4] in server.log


def test_private_answers_are_private(tmp_path: Path) -> None:
    """With a token no shared cache keeps an answer, no search engine lists it."""
    outbox = PublishedOutbox(tmp_path)
    outbox.publish("post")
    token = make_token(tmp_path / "state")
    with serving(outbox) as server:
        headers = server.get(f"/{token}/post.mp3").headers
    assert headers["cache-control"].startswith("private")
    assert headers["x-robots-tag"] == "noindex"
    assert headers["referrer-policy"] == "no-referrer"


def test_new_token_counts_at_once(tmp_path: Path) -> None:
    """A token that is made or renewed while it serves counts for the next request.

    One that is taken away opens nothing to everybody.
    """
    outbox = PublishedOutbox(tmp_path)
    outbox.publish("post")
    state = tmp_path / "state"
    with serving(outbox) as server:
        assert server.get("/post.mp3").status == 200
        first = make_token(state)
        assert server.get("/post.mp3").status == 404
        assert server.get(f"/{first}/post.mp3").status == 200
        second = make_token(state)
        assert server.get(f"/{first}/post.mp3").status == 404
        assert server.get(f"/{second}/post.mp3").status == 200
        token_path(state).unlink()
        for path in ("/post.mp3", f"/{second}/post.mp3", "//post.mp3"):
            assert server.get(path).status == 404
        assert "The token is gone" in server.log


def test_lost_links_are_told(tmp_path: Path) -> None:
    """A `base_url` without the token is told, since the feed's links would lead nowhere."""
    outbox = PublishedOutbox(tmp_path, base_url="https://example.org/")
    make_token(tmp_path / "state")
    with serving(outbox) as server:
        assert "`base_url` is without the token" in server.log


def test_token_is_private(tmp_path: Path) -> None:
    """Its file is its owner's alone, and a renewed one is another token."""
    before = make_token(tmp_path / "state")
    assert read_token(tmp_path / "state") == before
    path = token_path(tmp_path / "state")
    assert [each.stat().st_mode & 0o777 for each in (path, path.parent)] == [0o600, 0o700]
    assert make_token(tmp_path / "state") != before
    assert before.isalnum()
    assert len(before) == 32
    assert [*path.parent.iterdir()] == [path]


@pytest.mark.parametrize("content", [b"", b"short", b"a/b" * 20, b"\xff" * 40, b"a" * 5000])
def test_broken_token_is_told(tmp_path: Path, content: bytes) -> None:
    """A file that holds no token opens nothing, and the message names the command."""
    make_token(tmp_path)
    token_path(tmp_path).write_bytes(content)
    with pytest.raises(StorageError, match="narrated podcast token --new"):
        read_token(tmp_path)


def test_tokens_compare_whole() -> None:
    """A token is equal to itself alone, whatever bytes a guess has."""
    assert is_token("abc", "abc")
    assert not any(is_token(guess, "abc") for guess in ("", "ab", "abcd", "ABC", "\udcff", "äbc"))


def test_address_gets_the_token() -> None:
    """A base_url gets the token as its last part, in the place of an earlier one."""
    old, new = "0" * 32, "f" * 32
    assert address_with("https://example.org", new) == f"https://example.org/{new}/"
    assert address_with("https://example.org/pod/", new) == f"https://example.org/pod/{new}/"
    assert address_with(f"https://a.b/pod/{old}/", new) == f"https://a.b/pod/{new}/"

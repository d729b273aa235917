"""Pictures of a post, found in the inbox by their references."""

import posixpath

import pytest
from hypothesis import given
from hypothesis import strategies as st

from narrated.inbox.picture_paths import resolve

ROOTS = {"/": "site", "/images/": "static/images", "/images/old": "attic"}


@pytest.mark.parametrize(
    ("source", "place"),
    [
        ("a.png", "blog/2026/a.png"),
        ("./a.png", "blog/2026/a.png"),
        ("../pics/a.png", "blog/pics/a.png"),
        ("../../a.png", "a.png"),
        ("my%20cat.png", "blog/2026/my cat.png"),
        (" a.png ", "blog/2026/a.png"),
        ("a.png?width=200", "blog/2026/a.png"),
        ("a.png#top", "blog/2026/a.png"),
        ("a%23b.png", "blog/2026/a#b.png"),
        ("caf%C3%A9.png", "blog/2026/café.png"),
        ("caf%E9.png", "blog/2026/caf\udce9.png"),
        ("100%.png", "blog/2026/100%.png"),
        ("/images/a.png", "static/images/a.png"),
        ("/images/old/a.png", "attic/a.png"),
        ("/imagesque/a.png", "site/imagesque/a.png"),
        ("/a.png", "site/a.png"),
    ],
)
def test_picture_path_is_resolved(source: str, place: str) -> None:
    """A picture is found at the path in its post."""
    assert resolve("blog/2026/post.md", source, ROOTS) == place


def test_absolute_path_without_mapping() -> None:
    """A site-absolute picture lies below the inbox without a mapping."""
    assert resolve("blog/post.md", "/img/a.png", {}) == "img/a.png"


@pytest.mark.parametrize(
    "source",
    [
        "https://example.org/a.png",
        "HTTP://example.org/a.png",
        "//example.org/a.png",
        "data:image/png;base64,AAAA",
        "file:///etc/passwd",
        "C:\\pictures\\a.png",
        "pics\\a.png",
        "pics%5Ca.png",
        "a%00.png",
        "../../../a.png",
        "..%2F..%2F../a.png",
        "/../a.png",
        "",
        "#top",
        "?x",
        "..",
        "folder/",
    ],
)
def test_remote_picture_not_in_inbox(source: str) -> None:
    """A remote or outside reference is no file of the inbox."""
    assert resolve("blog/2026/post.md", source, {}) is None


@given(
    post=st.from_regex(r"\A([a-z]{1,3}/){0,3}p\.md\Z"),
    source=st.lists(
        st.sampled_from(["..", ".", "/", "%2e", "%2F", "a", "%", "\udcff", "é", "?", "\\", ":"])
    ).map("".join),
)
def test_no_reference_leaves_inbox(post: str, source: str) -> None:
    """No reference leads out of the inbox."""
    place = resolve(post, source, {"/a": "x/y"})
    if place is not None:
        assert posixpath.normpath(place) == place
        assert not {"", ".."} & set(place.split("/"))

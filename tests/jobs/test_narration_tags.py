"""The tags of a narration."""

import pytest

from narrated.jobs.narration_tags import album_of
from narrated.jobs.plan import OutputSettings

OUTPUT = OutputSettings()


@pytest.mark.parametrize(
    ("path", "album"),
    [
        ("letters/post.md", "letters"),
        ("posts/my-post/index.md", "posts"),
        ("posts/my-post/index.de.md", "posts"),
        ("my-post/index.md", "narrated"),
        ("posts/_index.md", "posts"),
        ("letters/README.md", "letters"),
        ("post.md", "narrated"),
    ],
)
def test_album_is_the_folder(path: str, album: str) -> None:
    """The album is the folder's name; that of a bundle is its parent's."""
    assert album_of(path, OUTPUT) == album

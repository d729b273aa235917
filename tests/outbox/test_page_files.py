"""The page's folder: what is ours is known, and no link, pipe or folder misleads."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from narrated.errors import StorageError
from narrated.outbox.page_files import place_files, place_news, remove_files, standing_page
from narrated.podcast.page_markup import PAGE_MARK

PAGE = b"<!DOCTYPE html>\n" + PAGE_MARK


def _look(outbox: Path, is_known: bool = False) -> tuple[str, dict[str, int]]:
    return standing_page(outbox, "index.html", "index.files", PAGE_MARK, is_known=is_known)


def _folder_with(name: str) -> Callable[[Path], None]:
    def make(outbox: Path) -> None:
        (outbox / "index.files").mkdir()
        (outbox / "index.files" / name).write_text("a")

    return make


@pytest.mark.parametrize(
    ("make", "foreign"),
    [
        (lambda outbox: None, ""),
        (lambda outbox: (outbox / "index.html").write_bytes(PAGE), ""),
        (lambda outbox: (outbox / "index.files").mkdir(), ""),
        (_folder_with(".narrated-00112233445566aa.tmp"), ""),
        (_folder_with("notes.txt"), "index.files"),
        (lambda outbox: (outbox / "index.files").write_text("a"), "index.files"),
        (lambda outbox: (outbox / "index.files").symlink_to("/tmp"), "index.files"),
        (lambda outbox: (outbox / "index.html").write_text("a page"), "index.html"),
        (lambda outbox: (outbox / "index.html").write_text(""), "index.html"),
        (lambda outbox: (outbox / "index.html").mkdir(), "index.html"),
        (lambda outbox: os.mkfifo(outbox / "index.html"), "index.html"),
        (lambda outbox: (outbox / "index.html").symlink_to("/dev/zero"), "index.html"),
        (lambda outbox: (outbox / "index.html").symlink_to("nothing"), "index.html"),
    ],
)
def test_what_is_not_ours_is_known(
    make: Callable[[Path], None], foreign: str, tmp_path: Path
) -> None:
    """A page is ours by its mark; its folder by the page, by the ledger, or as an empty one."""
    make(tmp_path)
    assert _look(tmp_path)[0] == foreign


def test_known_folder_is_ours(tmp_path: Path) -> None:
    """The folder of a page that was not finished is ours by the ledger."""
    _folder_with("now.js")(tmp_path)
    assert _look(tmp_path, is_known=True) == ("", {"now.js": 1})


def test_files_are_replaced_whole(tmp_path: Path) -> None:
    """A file with the same content stays; a link and a pipe are replaced, and lead nowhere."""
    folder, secret = tmp_path / "index.files", tmp_path / "secret"
    secret.write_text("secret")
    place_files(tmp_path, "index.files", {"a.js": b"one", "b.js": b"two"})
    before = (folder / "a.js").stat().st_ino
    (folder / "b.js").unlink()
    (folder / "b.js").symlink_to(secret)
    os.mkfifo(folder / "c.js")
    place_files(tmp_path, "index.files", {"a.js": b"one", "b.js": b"two", "c.js": b"three"})
    place_news(tmp_path, "index.files/a.js", b"one")
    assert (folder / "a.js").stat().st_ino != before
    assert [(folder / name).read_bytes() for name in ("b.js", "c.js")] == [b"two", b"three"]
    assert not (folder / "b.js").is_symlink()
    assert secret.read_text() == "secret"
    assert _look(tmp_path, is_known=True) == ("", {"a.js": 3, "b.js": 3, "c.js": 5})


def test_folder_in_the_way_is_told(tmp_path: Path) -> None:
    """A folder with a file's name is a problem of the storage; nothing of it is removed."""
    (tmp_path / "index.files/page.css").mkdir(parents=True)
    with pytest.raises(StorageError, match=r"page\.css could not be written"):
        place_files(tmp_path, "index.files", {"page.css": b"a"})
    remove_files(tmp_path, "index.files", ["page.css", "none.js"])
    assert [each.name for each in (tmp_path / "index.files").iterdir()] == ["page.css"]


def test_news_make_no_folder(tmp_path: Path) -> None:
    """News are not written where the page's folder went."""
    place_news(tmp_path, "index.files/now.js", b"a")
    assert list(tmp_path.iterdir()) == []

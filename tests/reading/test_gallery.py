"""The document of a gallery."""

import pytest

from narrated.reading.document import Picture
from narrated.reading.gallery import gallery_document, natural_order
from narrated.reading.narration_settings import NarrationSettings

ONE = NarrationSettings(gallery=True)


def test_numbers_are_in_their_order() -> None:
    """Pictures stand in the natural order of their names, whatever their case and digits."""
    names = ["b.png", "IMG_10.png", "img_9.png", "10.png", "2.png", "²x.png", "٣.png", "9" * 200]
    assert sorted(names, key=natural_order) == [
        *("2.png", "٣.png", "10.png", "9" * 200, "b.png", "img_9.png", "IMG_10.png", "²x.png"),
    ]


@pytest.mark.parametrize(
    ("folder", "title", "day"),
    [
        ("trips/2024-06-20 Summer_days", "Summer days", "2024-06-20"),
        ("2024-06-20", "2024-06-20", "2024-06-20"),
        ("a.b", "a b", ""),
        ("", "Pictures", ""),
    ],
)
def test_folder_names_the_gallery(folder: str, title: str, day: str) -> None:
    """Without a title and a date of its own a gallery has those of its folder's name."""
    document = gallery_document(ONE, folder, ["1.png"])
    assert (document.title, document.path_date) == (title, day)


def test_odd_names_are_addresses() -> None:
    """The address of a picture is its name, percent-encoded, so that any name leads to its file."""
    names = ["a b?#%.png", "\udcff.png"]
    blocks = gallery_document(ONE, "album", names).blocks
    assert blocks == (Picture("a%20b%3F%23%25.png"), Picture("%FF.png"))


@pytest.mark.parametrize(
    ("own", "pictures"), [(ONE, []), (NarrationSettings(), ["1.png"])], ids=["empty", "none"]
)
def test_nothing_to_show_is_silent(own: NarrationSettings, pictures: list[str]) -> None:
    """A folder without pictures, or that is no gallery, is not narrated."""
    assert gallery_document(own, "album", pictures).metadata.narrate is False

"""The place of a narration: it overwrites nothing, here or on a laptop."""

import os
import unicodedata
from collections.abc import Iterable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from narrated.outbox.portable_names import NameRules
from narrated.outbox.unique_stems import ERROR_SUFFIX, fold, is_inside, stem


def free(_: str) -> bool:
    return False


def placed(paths: Iterable[str]) -> list[str]:
    """The stems of several sources that come one after the other."""
    stems: list[str] = []
    for path in paths:
        stems.append(stem(path, {fold(each) for each in stems}.__contains__))
    return stems


def test_stem_drops_the_suffix() -> None:
    """A source keeps its folder and loses its suffix."""
    assert stem("blog/2026/post.md", free) == "blog/2026/post"


def test_only_last_suffix_is_dropped() -> None:
    """Only the last suffix is dropped."""
    assert stem("v1.2.txt", free) == "v1.2"


def test_same_stem_gets_two_names() -> None:
    """Two sources of one stem get two names."""
    assert placed(["a/x.md", "a/x.txt", "b/x.md"]) == ["a/x", "a/x.txt", "b/x"]


def test_third_stem_is_numbered() -> None:
    """A third source of the same stem gets a number."""
    assert placed(["x.MD", "x.md.txt", "x.md"]) == ["x", "x.md", "x.md-2"]


def test_gallery_is_beside_its_folder() -> None:
    """A gallery has the name of its folder, beside it, unless a source has it."""
    settings = ["trips/v1.2/.narrated.yaml", ".narrated.yaml"]
    assert placed(settings) == ["trips/v1.2", "pictures"]
    assert placed(["album.md", "album/.narrated.yaml"]) == ["album", "album.gallery"]


def test_folded_names_are_distinct() -> None:
    """Names that a folding file system cannot tell apart get two stems."""
    composed, decomposed = "Caf\u00e9.md", unicodedata.normalize("NFD", "cafE\u0301.md")
    assert placed([composed, decomposed]) == ["Caf\u00e9", decomposed]
    assert placed(["STRASSE.md", "stra\u00dfe.txt"]) == ["STRASSE", "stra\u00dfe.txt"]


@pytest.mark.parametrize("path", ["post.error.png", "a/b.ERROR.md", "narrated.status.png"])
def test_note_names_are_reserved(path: str) -> None:
    """No narration gets the name of a note."""
    assert stem(path, free) == path


@pytest.mark.parametrize(
    "name", ["feed.xml", "Feed.XML", "index.html", "index.files", "folder.jpg"]
)
def test_podcast_names_are_reserved(name: str) -> None:
    """No folder of the outbox has the name of a file that the podcast writes."""
    assert stem(f"a/{name}/post.md", free) == f"a/{name}~folder/post"
    plain = NameRules(portable=True, is_plain=True)
    assert stem(f"a/{name}/post.md", free, plain) == f"a/{name}-folder/post"
    assert stem(f"{name}.md", free) == name


def test_status_name_below_the_root() -> None:
    """The status note's name is free in folders below the root."""
    assert stem("a/narrated.status.png", free) == "a/narrated.status"


def test_long_name_is_shortened() -> None:
    """A name too long for its suffixes is shortened, and stays distinct."""
    first, second = ("ü" * 120 + ending + ".md" for ending in ("xxxxxxx1", "xxxxxxx2"))
    stems = placed([f"a/{first}", f"a/{second}"])
    assert len(set(stems)) == 2
    for each in stems:
        name = each.removeprefix("a/")
        assert 230 < len(os.fsencode(name + ERROR_SUFFIX)) <= 255
        assert name.startswith("ü" * 100)
    assert stems[0] == stem(f"a/{first}", free)


def test_long_numbered_name_fits() -> None:
    """A long name that is taken still fits with its number."""
    taken = {fold(stem("n" * 250 + ".md", free))}
    second = stem("n" * 250 + ".md", taken.__contains__)
    third = stem("n" * 250 + ".md", {*taken, fold(second)}.__contains__)
    assert third.endswith("-2")
    assert len(third + ERROR_SUFFIX) <= 255


def test_undecodable_bytes_stay() -> None:
    """Undecodable bytes stay as they are."""
    assert os.fsencode(stem(os.fsdecode(b"caf\xe9\n/\xff.md"), free)) == b"caf\xe9\n/\xff"


@pytest.mark.parametrize("path", ["../a.md", "/a.md", "a/../../b.md", "a//b.md", "", ".", "a/\0"])
def test_path_outside_is_refused(path: str) -> None:
    """A path that leads out of the outbox is refused."""
    with pytest.raises(ValueError, match="not a path inside"):
        stem(path, free)


def test_dots_inside_a_name() -> None:
    """Dots inside a name are allowed."""
    assert is_inside("a..b/..c/d...md")


NAMES = st.text(st.characters(exclude_characters="/\0", codec="utf-8"), min_size=1, max_size=300)


@given(st.lists(NAMES.filter(lambda name: name not in (".", "..")), max_size=6))
def test_stems_are_distinct_and_fit(names: list[str]) -> None:
    """For any names the stems are distinct, and fit."""
    stems = placed(names)
    assert len({fold(each) for each in stems}) == len(names)
    for each in stems:
        assert is_inside(each)
        assert len(os.fsencode(each + ERROR_SUFFIX)) <= 255

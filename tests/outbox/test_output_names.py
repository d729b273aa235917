"""Where a narration stands: beside nothing it could overwrite, here or on a laptop."""

import os
import unicodedata
from collections.abc import Iterable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from narrated.outbox.output_names import ERROR_SUFFIX, fold, is_inside, stem


def free(_: str) -> bool:
    return False


def placed(paths: Iterable[str]) -> list[str]:
    """The stems of several sources that come one after the other."""
    stems: list[str] = []
    for path in paths:
        stems.append(stem(path, {fold(each) for each in stems}.__contains__))
    return stems


def test_a_source_keeps_its_folder_and_loses_its_suffix() -> None:
    assert stem("blog/2026/post.md", free) == "blog/2026/post"


def test_only_the_last_suffix_goes() -> None:
    assert stem("v1.2.txt", free) == "v1.2"


def test_two_sources_of_one_stem_get_two_names() -> None:
    assert placed(["a/x.md", "a/x.txt", "b/x.md"]) == ["a/x", "a/x.txt", "b/x"]


def test_a_third_that_fits_neither_is_counted() -> None:
    assert placed(["x.MD", "x.md.txt", "x.md"]) == ["x", "x.md", "x.md-2"]


def test_names_that_a_laptop_cannot_tell_apart_get_two() -> None:
    composed, decomposed = "Caf\u00e9.md", unicodedata.normalize("NFD", "cafE\u0301.md")
    assert placed([composed, decomposed]) == ["Caf\u00e9", decomposed]
    assert placed(["STRASSE.md", "stra\u00dfe.txt"]) == ["STRASSE", "stra\u00dfe.txt"]


@pytest.mark.parametrize("path", ["post.error.png", "a/b.ERROR.md", "narrated.status.png"])
def test_no_narration_overwrites_a_note(path: str) -> None:
    assert stem(path, free) == path


def test_only_the_root_has_a_status_note() -> None:
    assert stem("a/narrated.status.png", free) == "a/narrated.status"


def test_a_name_too_long_for_its_suffixes_is_shortened_and_stays_distinct() -> None:
    first, second = ("ü" * 120 + ending + ".md" for ending in ("xxxxxxx1", "xxxxxxx2"))
    stems = placed([f"a/{first}", f"a/{second}"])
    assert len(set(stems)) == 2
    for each in stems:
        name = each.removeprefix("a/")
        assert 230 < len(os.fsencode(name + ERROR_SUFFIX)) <= 255
        assert name.startswith("ü" * 100)
    assert stems[0] == stem(f"a/{first}", free)


def test_a_long_name_that_is_taken_still_fits_with_its_number() -> None:
    taken = {fold(stem("n" * 250 + ".md", free))}
    second = stem("n" * 250 + ".md", taken.__contains__)
    third = stem("n" * 250 + ".md", {*taken, fold(second)}.__contains__)
    assert third.endswith("-2")
    assert len(third + ERROR_SUFFIX) <= 255


def test_bytes_that_are_no_text_stay_as_they_are() -> None:
    assert os.fsencode(stem(os.fsdecode(b"caf\xe9\n/\xff.md"), free)) == b"caf\xe9\n/\xff"


@pytest.mark.parametrize("path", ["../a.md", "/a.md", "a/../../b.md", "a//b.md", "", ".", "a/\0"])
def test_no_path_leads_out_of_the_outbox(path: str) -> None:
    with pytest.raises(ValueError, match="not a path inside"):
        stem(path, free)


def test_dots_inside_a_name_lead_nowhere() -> None:
    assert is_inside("a..b/..c/d...md")


NAMES = st.text(st.characters(exclude_characters="/\0", codec="utf-8"), min_size=1, max_size=300)


@given(st.lists(NAMES.filter(lambda name: name not in (".", "..")), max_size=6))
def test_whatever_the_names_the_stems_are_distinct_and_fit(names: list[str]) -> None:
    stems = placed(names)
    assert len({fold(each) for each in stems}) == len(names)
    for each in stems:
        assert is_inside(each)
        assert len(os.fsencode(each + ERROR_SUFFIX)) <= 255

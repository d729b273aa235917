"""A script's coverage: how many blocks are spoken, announced and skipped, and the words said."""

import pytest

from narrated.script.coverage import Coverage, count_coverage
from narrated.script.script import Line, Role, Script, Skip


def line(block, role=Role.PARAGRAPH, text="Two words."):
    return Line(id=f"{block}-{role}-{text}", block=block, role=role, text=text, pause_s=0.5)


def skip(block):
    return Skip(block=block, kind="comment", reason="a comment")


def counted(lines=(), skipped=()):
    return count_coverage(Script(tuple(lines), tuple(skipped)))


def test_nothing_covers_nothing():
    assert counted() == Coverage(blocks=0, spoken=0, announced=0, skipped=0, words=0)


def test_a_block_in_its_own_words_is_spoken():
    assert counted([line(0)]) == Coverage(blocks=1, spoken=1, announced=0, skipped=0, words=2)


@pytest.mark.parametrize("role", [Role.CODE, Role.MATH, Role.NOTICE, Role.PICTURE])
def test_a_block_that_is_only_told_of_is_announced(role):
    assert counted([line(0, role)]) == Coverage(1, spoken=0, announced=1, skipped=0, words=2)


@pytest.mark.parametrize(
    "role",
    [role for role in Role if role not in (Role.CODE, Role.MATH, Role.NOTICE, Role.PICTURE)],
)
def test_every_other_role_speaks_words_of_the_block(role):
    assert counted([line(0, role)]).spoken == 1


def test_a_block_of_which_nothing_is_said_is_skipped():
    assert counted([], [skip(0)]) == Coverage(1, spoken=0, announced=0, skipped=1, words=0)


def test_a_block_said_in_part_counts_once_as_spoken():
    found = counted([line(0), line(0, text="More."), line(0, Role.PICTURE)], [skip(0), skip(0)])
    assert (found.blocks, found.spoken, found.announced, found.skipped) == (1, 1, 0, 0)


def test_a_picture_told_of_with_its_caption_missing_is_announced_not_skipped():
    found = counted([line(4, Role.PICTURE)], [skip(4)])
    assert (found.blocks, found.announced, found.skipped) == (1, 1, 0)


def test_code_that_is_read_aloud_is_spoken():
    read = [line(0, Role.CODE), line(0, Role.CODE, "Make demo"), line(0, Role.NOTICE)]
    assert counted(read).spoken == 1


def test_a_title_and_byline_from_elsewhere_are_words_but_no_block():
    found = counted([line(-1, Role.TITLE), line(-1, Role.BYLINE, "By Ada.")], [skip(-1)])
    assert found == Coverage(blocks=0, spoken=0, announced=0, skipped=0, words=4)


def test_blocks_are_the_sum_of_the_spoken_the_announced_and_the_skipped():
    found = counted([line(0), line(1, Role.CODE), line(3)], [skip(2), skip(3), skip(7)])
    assert found == Coverage(blocks=5, spoken=2, announced=1, skipped=2, words=6)

"""A script's coverage: how many blocks are spoken, announced and skipped, and the words said."""

import pytest

from narrated.script.coverage_counts import Coverage, count_coverage
from narrated.script.script import Line, Role, Script, Skip


def line(block, role=Role.PARAGRAPH, text="Two words."):
    return Line(id=f"{block}-{role}-{text}", block=block, role=role, text=text, pause_s=0.5)


def skip(block):
    return Skip(block=block, kind="comment", reason="a comment")


def counted(lines=(), skipped=()):
    return count_coverage(Script(tuple(lines), tuple(skipped)))


def test_empty_script_covers_nothing():
    """Nothing covers nothing."""
    assert counted() == Coverage(blocks=0, spoken=0, announced=0, skipped=0, words=0)


def test_own_words_count_as_spoken():
    """A block in its own words is spoken."""
    assert counted([line(0)]) == Coverage(blocks=1, spoken=1, announced=0, skipped=0, words=2)


@pytest.mark.parametrize("role", [Role.CODE, Role.MATH, Role.NOTICE, Role.PICTURE])
def test_announced_blocks_are_counted(role):
    """A block with only an announcement counts as announced."""
    assert counted([line(0, role)]) == Coverage(1, spoken=0, announced=1, skipped=0, words=2)


@pytest.mark.parametrize(
    "role",
    [role for role in Role if role not in (Role.CODE, Role.MATH, Role.NOTICE, Role.PICTURE)],
)
def test_other_roles_count_as_spoken(role):
    """Every other role speaks words of the block."""
    assert counted([line(0, role)]).spoken == 1


def test_silent_block_is_skipped():
    """A block of which nothing is said is skipped."""
    assert counted([], [skip(0)]) == Coverage(1, spoken=0, announced=0, skipped=1, words=0)


def test_partly_said_block_counts_once():
    """A block said in part counts once as spoken."""
    found = counted([line(0), line(0, text="More."), line(0, Role.PICTURE)], [skip(0), skip(0)])
    assert (found.blocks, found.spoken, found.announced, found.skipped) == (1, 1, 0, 0)


def test_picture_sans_caption_announced():
    """An announced picture without a caption is not skipped."""
    found = counted([line(4, Role.PICTURE)], [skip(4)])
    assert (found.blocks, found.announced, found.skipped) == (1, 1, 0)


def test_code_read_aloud_is_spoken():
    """Code that is read aloud is spoken."""
    read = [line(0, Role.CODE), line(0, Role.CODE, "Make demo"), line(0, Role.NOTICE)]
    assert counted(read).spoken == 1


def test_outside_title_is_no_block():
    """A title and byline from outside the text are words but no block."""
    found = counted([line(-1, Role.TITLE), line(-1, Role.BYLINE, "By Ada.")], [skip(-1)])
    assert found == Coverage(blocks=0, spoken=0, announced=0, skipped=0, words=4)


def test_blocks_are_the_sum_of_fates():
    """All blocks are the sum of the spoken, announced and skipped ones."""
    found = counted([line(0), line(1, Role.CODE), line(3)], [skip(2), skip(3), skip(7)])
    assert found == Coverage(blocks=5, spoken=2, announced=1, skipped=2, words=6)

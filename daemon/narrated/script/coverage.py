"""How much of a source is said: its blocks counted by what becomes of them."""

from collections import defaultdict

import msgspec

from narrated.script.script import Line, Role, Script

_ANNOUNCEMENTS = frozenset({Role.CODE, Role.MATH, Role.NOTICE, Role.PICTURE})
_ELSEWHERE = -1  # the block of a title and byline that stand in no block


class Coverage(msgspec.Struct, frozen=True):
    """What becomes of a source's blocks; each counts once."""

    blocks: int
    """All that hold something of their own, at any depth."""
    spoken: int
    """Said in their own words, at least in part."""
    announced: int
    """Only told of: code, formulas, pictures."""
    skipped: int
    """Not heard of at all."""
    words: int
    """What will be said, the title and the byline with it."""


def count_coverage(script: Script) -> Coverage:
    """Count the blocks and the words of a script."""
    said = _by_block(script)
    spoken = sum(_has_own_words(lines) for lines in said.values())
    skipped = {skip.block for skip in script.skipped} - said.keys() - {_ELSEWHERE}
    return Coverage(
        blocks=len(said) + len(skipped),
        spoken=spoken,
        announced=len(said) - spoken,
        skipped=len(skipped),
        words=sum(len(line.text.split()) for line in script.lines),
    )


def _by_block(script: Script) -> dict[int, list[Line]]:
    said: defaultdict[int, list[Line]] = defaultdict(list)
    for line in script.lines:
        if line.block != _ELSEWHERE:
            said[line.block].append(line)
    return said


def _has_own_words(lines: list[Line]) -> bool:
    """Tell whether more than an announcement is said; the first line of code announces the rest."""
    if any(line.role not in _ANNOUNCEMENTS for line in lines):
        return True
    return sum(line.role is Role.CODE for line in lines) > 1

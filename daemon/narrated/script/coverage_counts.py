"""Count a source's blocks: spoken, announced, skipped."""

from collections import defaultdict

import msgspec

from narrated.script.script import Line, Role, Script

_ANNOUNCEMENTS = frozenset({Role.CODE, Role.MATH, Role.NOTICE, Role.PICTURE})
_ELSEWHERE = -1  # block of a title and byline from outside the text


class Coverage(msgspec.Struct, frozen=True):
    """Counts of a source's blocks by their fate; each block counts once."""

    blocks: int
    """All blocks with content of their own, at any depth."""
    spoken: int
    """Blocks said in their own words, at least in part."""
    announced: int
    """Blocks only announced: code, formulas, pictures."""
    skipped: int
    """Blocks left out."""
    words: int
    """Words of the script, with title and byline."""


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
    """True if the lines say more than an announcement; code's first line announces the rest."""
    if any(line.role not in _ANNOUNCEMENTS for line in lines):
        return True
    return sum(line.role is Role.CODE for line in lines) > 1

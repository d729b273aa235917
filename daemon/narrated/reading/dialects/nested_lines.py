"""Parses the lines inside a container of blocks."""

from markdown_it.rules_block import StateBlock


def dedented(state: StateBlock, start: int, end: int) -> int:
    """Return the least indentation of lines that are not empty, at least the block's around."""
    indents = [state.sCount[line] for line in range(start, end) if not state.isEmpty(line)]
    return max(state.blkIndent, min(indents, default=state.blkIndent))


def parse_within(state: StateBlock, start: int, end: int, indent: int) -> None:
    """Parse the lines from `start` up to `end`, whose text begins at `indent`."""
    around = state.parentType, state.lineMax, state.blkIndent
    state.parentType, state.lineMax, state.blkIndent = "container", end, indent
    state.md.block.tokenize(state, start, end)
    state.parentType, state.lineMax, state.blkIndent = around

"""The inbox's own ignore rules: what tools make, and nobody wrote to be read."""

import tomllib
from collections.abc import Sequence, Set
from dataclasses import dataclass
from functools import cache, lru_cache
from pathlib import Path

from narrated.inbox.ignore_patterns import IgnoreRule, PatternSet, RuleOrigin, compiled

TABLE = Path(__file__).with_name("ignore_defaults.toml")


@dataclass(frozen=True, slots=True)
class Tool:
    """A tool, the names that tell a folder of its own, and what is ignored there."""

    name: str
    marks: tuple[frozenset[str], ...]
    """The folder holds all names of one of these; none if its patterns hold everywhere."""
    patterns: PatternSet

    def holds_beside(self, names: Set[str]) -> bool:
        """True if these names lie in a folder of this tool."""
        return any(mark <= names for mark in self.marks)


@cache
def tools() -> tuple[Tool, ...]:
    """Return all tools of the table."""
    return tuple(_tool(**each) for each in tomllib.loads(TABLE.read_text("utf-8"))["defaults"])


@cache
def everywhere() -> PatternSet:
    """Return the patterns that need no mark."""
    return _compiled([rule for tool in tools() if not tool.marks for rule in tool.patterns.rules])


@cache
def mark_names() -> frozenset[str]:
    """Return all names that are a mark, or a part of one; of a mark with a slash, its folder."""
    return frozenset(name.partition("/")[0] for name in _all_marks())


@cache
def inner_marks() -> tuple[tuple[str, str], ...]:
    """Return each mark with a slash: the folder's name, and the pattern of a name in it."""
    return tuple(
        (mark.partition("/")[0], mark.partition("/")[2]) for mark in _all_marks() if "/" in mark
    )


@lru_cache(maxsize=1024)
def beside(names: frozenset[str]) -> tuple[PatternSet, ...]:
    """Return the patterns that hold in a folder with these `mark_names`."""
    return tuple(tool.patterns for tool in tools() if tool.holds_beside(names))


def _all_marks() -> frozenset[str]:
    return frozenset[str]().union(*(mark for tool in tools() for mark in tool.marks))


def marks_of(tool_name: str, names: Set[str]) -> tuple[str, ...]:
    """Return those of a folder's names by which it is a folder of a tool."""
    found = (mark for tool in tools() if tool.name == tool_name for mark in tool.marks)
    return tuple(sorted(next((mark for mark in found if mark <= names), ())))


def _tool(tool: str, ignore: list[str], source: str, marks: list[list[str]] | None = None) -> Tool:
    rules = [IgnoreRule(each, RuleOrigin.DEFAULT, tool=tool) for each in ignore]
    return Tool(tool, tuple(map(frozenset, marks or [])), _compiled(rules))


def _compiled(rules: Sequence[IgnoreRule]) -> PatternSet:
    patterns, refused = compiled(rules)
    if patterns is None or refused:
        raise ValueError(f"{TABLE.name} has invalid patterns: {refused}")
    return patterns

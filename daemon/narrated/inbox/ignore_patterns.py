"""Patterns of .gitignore, compiled to match in linear time: a stranger may have written them."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any
from unicodedata import normalize

from pathspec.patterns.gitignore.spec import GitIgnoreSpecPattern

from narrated.inbox.bracket_expressions import with_brackets, without_brackets

MOST_PATTERNS = 1000
MOST_CHARACTERS = 512
MOST_STARS = 8
"""Runs of `*` in one pattern."""
MOST_SPARE_STARS = 200
"""Runs of `*` beyond the first of each pattern: only these make matching slow."""
_LEAST_BYTES, _BYTES_A_CHARACTER = 1 << 20, 256
"""Memory of RE2 for the patterns of one place: it keeps the states that it meets."""
_STARS = re.compile(r"\*+")
_STARRED = re.compile(r"(^!?|/)\*{3,}(?=/|$)")
"""More than two stars between slashes, which mean what two mean."""

# The ends that pathspec gives its expressions. It has them match all files below a folder, too.
# Here each folder on the way is matched by itself, as git does, so they have to match to the end.
_FILE_OR_FOLDER = "(?:(?P<ps_d>/)|$)"
_FOLDER = "(?P<ps_d>/)"


class RuleOrigin(StrEnum):
    """The place of a rule."""

    FILE = "file"  # a .narratedignore
    CONFIGURATION = "configuration"  # `ignore:`
    DEFAULT = "default"  # ignore_defaults.toml


@dataclass(frozen=True, slots=True)
class IgnoreRule:
    """One pattern, and its place."""

    pattern: str
    """As it is written, with the `!` of a pattern that takes back an earlier one."""
    origin: RuleOrigin
    ignores: bool = True
    """False for a pattern with `!`."""
    line: int = 0
    """The line in its file, from 1."""
    tool: str = ""
    """The tool of a default."""


@dataclass(frozen=True, slots=True, eq=False)
class PatternSet:
    """The patterns of one place, in order; the last that matches decides."""

    rules: tuple[IgnoreRule, ...]
    _set: Any  # re2.Set

    def last_match(self, target: str) -> IgnoreRule | None:
        """Return the rule that decides about a path relative to the patterns' folder.

        A folder's path ends with a slash. Its parents are not looked at.
        """
        found = self._set.Match(target)
        return self.rules[max(found)] if found else None


def matchable(path: str) -> str:
    """Return a path or pattern as UTF-8 can spell it, accents composed.

    A name that is no UTF-8 gets replacement characters. macOS takes accents apart.
    """
    if path.isascii():
        return path
    return normalize("NFC", path.encode("utf-8", "surrogateescape").decode("utf-8", "replace"))


def compiled(rules: Sequence[IgnoreRule]) -> tuple[PatternSet | None, list[tuple[int, str]]]:
    """Compile the rules of one place; None if there are none.

    Also returns the lines that are not applied, each with the reason. `ignores` is set here.
    """
    import re2  # late: the command line needs it for one command

    options = re2.Options()
    options.log_errors, options.never_capture, options.dot_nl = False, True, True
    characters = sum(len(rule.pattern) for rule in rules)
    options.max_mem = _LEAST_BYTES + _BYTES_A_CHARACTER * characters
    patterns = re2.Set.SearchSet(options)
    kept, refused = _added(rules, patterns)
    if not kept:
        return None, refused
    try:
        patterns.Compile()
    except re2.error:
        return None, [(0, "its patterns together are too complex")]
    return PatternSet(tuple(kept), patterns), refused


def _added(rules: Iterable[IgnoreRule], patterns: Any) -> tuple[list[IgnoreRule], list[Any]]:
    """Add each rule to a set of RE2; return those that it took, and the lines that are refused."""
    kept: list[IgnoreRule] = []
    refused: list[tuple[int, str]] = []
    spare_stars = MOST_SPARE_STARS
    for rule in rules:
        if why := _refusal(rule.pattern, len(kept), spare_stars):
            refused.append((rule.line, why))
        elif (expression := _expression(rule.pattern)) is None:
            continue
        elif not expression or not _takes(patterns, expression):
            refused.append((rule.line, f"{rule.pattern[:40]!r} is no pattern of .gitignore"))
        else:
            spare_stars -= max(0, len(_STARS.findall(rule.pattern)) - 1)
            ignores = not rule.pattern.startswith("!")
            kept.append(IgnoreRule(rule.pattern, rule.origin, ignores, rule.line, rule.tool))
    return kept, refused


def _refusal(pattern: str, count: int, spare_stars: int) -> str:
    stars = len(_STARS.findall(pattern))
    if len(pattern) > MOST_CHARACTERS:
        return f"a pattern has at most {MOST_CHARACTERS} characters"
    if "\0" in pattern or "\ufffd" in pattern:
        return "it is not UTF-8"
    if stars > MOST_STARS:
        return f"a pattern has at most {MOST_STARS} stars"
    if stars - 1 > spare_stars:
        return f"the patterns of a file have at most {MOST_SPARE_STARS} further stars together"
    if count >= MOST_PATTERNS:
        return f"a file has at most {MOST_PATTERNS} patterns"
    return ""


def _expression(line: str) -> str | None:
    """Translate a line; None for one that says nothing, "" for one that is no pattern."""
    if line.startswith("#") or line.rstrip() in ("", "/", "!/"):
        return None
    try:
        pattern, brackets = without_brackets(_STARRED.sub(r"\1**", line))
        expression, _ = GitIgnoreSpecPattern.pattern_to_regex(pattern)
    except ValueError:
        return ""
    return with_brackets(_to_the_end(pattern, expression), brackets) if expression else ""


def _to_the_end(pattern: str, expression: str) -> str:
    """Have an expression of pathspec match each folder by itself, to its end."""
    if expression.endswith(_FILE_OR_FOLDER):
        return expression.removesuffix(_FILE_OR_FOLDER) + "/?$"
    if expression.endswith(_FOLDER):
        is_inner = pattern.rstrip().endswith("/**/") and expression != _FOLDER
        if is_inner:  # the folders below one, for which pathspec takes that one
            return expression.removesuffix(_FOLDER) + "/.+/$"
        return expression.removesuffix(_FOLDER) + "/$"
    return f"{expression}." if expression.endswith("/") else expression  # `x/**`: all below x


def _takes(patterns: Any, expression: str) -> bool:
    import re2

    try:
        patterns.Add(expression)
    except re2.error:
        return False
    return True

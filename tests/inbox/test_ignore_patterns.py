"""The patterns of `.narratedignore`: those of git, as git itself applies them."""

import os
import random
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

import pytest

from narrated.inbox.folder_rules import IgnoreRules
from narrated.inbox.ignore_patterns import (
    MOST_CHARACTERS,
    MOST_PATTERNS,
    IgnoreRule,
    PatternSet,
    RuleOrigin,
    compiled,
)

ROUNDS = 150
WORDS = ("a", "b", "ab", "x.md", "y.txt", "c", "a b")
PIECES = (*WORDS, "*", "?", "a*", "*.md", "[ab]", "[!a]", "**", "*b*")
PIECES += ("[[:alpha:]]", r"\*", "[a-c]x")
PIECES += (
    "a[!s]*",
    "[^x]b",
    "[!]a]",
    "[]a]",
    "[!a-c]*",
    "a[+-z]b",
    "[!-b]",
    "[[^a]",
    "[a-]",
    "***",
)
PIECES += ("[![:upper:]]", "[[:print:]]b", r"[\a-b]", r"a[\]!]", "a[/ ]b", "[[:graph:]]*", "a[^]*")


def _compiled(*patterns: str) -> tuple[PatternSet | None, list[tuple[int, str]]]:
    rules = [IgnoreRule(each, RuleOrigin.FILE, line=n) for n, each in enumerate(patterns, 1)]
    return compiled(rules)


def _pattern(rnd: random.Random) -> str:
    """A random pattern: some with `!`, an anchor, or for folders only."""
    body = "/".join(rnd.choice(PIECES) for _ in range(rnd.choice((1, 1, 1, 2, 3))))
    return rnd.choice(("", "", "!")) + rnd.choice(("", "", "/")) + body + rnd.choice(("", "", "/"))


def _tree(root: Path) -> list[str]:
    """Files two folders deep, of all names."""
    paths = [f"{a}/{b}/{c}" for a in WORDS[:4] for b in WORDS[:6] for c in WORDS]
    for path in paths:
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text("")
    return paths


def _ignored_by_git(root: Path, paths: Sequence[str]) -> set[str]:
    command = ["git", "-C", str(root), "check-ignore", "--no-index", "-z", "--stdin"]
    # Not by the rules of whoever runs the tests.
    environ = {**os.environ, "GIT_CONFIG_GLOBAL": os.devnull, "XDG_CONFIG_HOME": str(root)}
    typed = "\0".join(paths).encode()
    asked = subprocess.run(command, input=typed, capture_output=True, env=environ)
    assert asked.returncode in (0, 1), asked.stderr
    return {each.decode() for each in asked.stdout.split(b"\0") if each}


def _ignored_by_us(root: Path, paths: Sequence[str]) -> set[str]:
    rules = IgnoreRules(str(root), ())
    ignored = set()
    for path in paths:
        match = rules.of(path.rpartition("/")[0]).match(path, is_folder=False)
        if match and match.rule.ignores:
            ignored.add(path)
    return ignored


@pytest.mark.peers
@pytest.mark.skipif(shutil.which("git") is None, reason="apt-get install git")
def test_patterns_mean_what_git_means(tmp_path: Path) -> None:
    """Random rule files, at the top and deeper, ignore the very files that git ignores."""
    paths = _tree(tmp_path)
    subprocess.run(["git", "init", "-q", str(tmp_path)], check=True)
    rnd = random.Random(16)
    for _ in range(ROUNDS):
        for folder in ("", "a", "a/b"):
            text = "\n".join(_pattern(rnd) for _ in range(rnd.randint(0, 4))) + "\n"
            for name in (".gitignore", ".narratedignore"):
                (tmp_path / folder / name).write_text(text)
        told = {
            folder: (tmp_path / folder / ".gitignore").read_text() for folder in ("", "a", "a/b")
        }
        assert _ignored_by_us(tmp_path, paths) == _ignored_by_git(tmp_path, paths), told


@pytest.mark.parametrize("pattern", ["draft[!s]*", "draft[^s]*", "draft[+-z]*", "draft[!]]*"])
def test_class_never_matches_slash(pattern: str) -> None:
    """A class that would take a slash in does not reach into a folder."""
    patterns, _ = _compiled(pattern)
    assert patterns is not None
    assert patterns.last_match("draft1.md")
    assert not patterns.last_match("draft/post.md")


@pytest.mark.parametrize("pattern", ["!/", "!/ "])
def test_lone_slash_takes_nothing_back(pattern: str) -> None:
    """A `!` before a lone slash says nothing, and no folder is read because of it."""
    patterns, refused = _compiled("a/", pattern)
    assert patterns is not None
    found = patterns.last_match("a/")
    assert found and found.ignores
    assert not refused


@pytest.mark.parametrize(
    "pattern",
    ["[z-a]", "[[:words:]]", "[a\\]", "[a", "!", "a\\", "a\0b", "x" * (MOST_CHARACTERS + 1)],
)
def test_broken_pattern_is_refused(pattern: str) -> None:
    """A pattern that means nothing is refused with its line, and the others hold."""
    patterns, refused = _compiled("# words", "", "good.md", pattern)
    assert [line for line, _ in refused] == [4]
    assert patterns is not None
    assert patterns.last_match("good.md") is not None


def test_number_of_patterns_is_bounded() -> None:
    """No file has patterns without end."""
    patterns, refused = _compiled(*(f"*.{number}" for number in range(MOST_PATTERNS + 3)))
    assert patterns is not None
    assert len(patterns.rules) == MOST_PATTERNS
    assert len(refused) == 3


def test_stars_are_bounded_together() -> None:
    """Many patterns with many stars are refused: together they would be slow."""
    patterns, refused = _compiled(*("*a*b*c*" for _ in range(100)))
    assert patterns is not None
    assert len(patterns.rules) + len(refused) == 100
    assert refused


def test_names_match_composed_or_not() -> None:
    """A name with its accents taken apart, as macOS writes it, matches the composed pattern."""
    from narrated.inbox.ignore_patterns import matchable

    patterns, _ = _compiled("caf\u00e9.md")
    assert patterns is not None
    assert patterns.last_match(matchable("cafe\u0301.md"))
    assert not patterns.last_match(matchable("caf\udce9.md"))

"""Whole posts, compared with scripts written by hand."""

from pathlib import Path

import pytest

from narrated.reading.source_reader import read
from narrated.script.builder import build_script
from narrated.script.lexicon import Lexicon
from narrated.script.script import Caption, ReadingSettings

POSTS = Path(__file__).parent / "posts"
EXPECTED = (".script", ".written")
NAMES, WRITTEN = (sorted(path.stem for path in POSTS.glob(f"*{one}")) for one in EXPECTED)


def captions():
    lines = (POSTS / "captions.txt").read_text(encoding="utf-8").splitlines()
    pairs = (line.split(" | ", 1) for line in lines if " | " in line)
    return {source.strip(): Caption(text.strip()) for source, text in pairs}


def script(name):
    (source,) = (path for path in POSTS.glob(f"{name}.*") if path.suffix not in EXPECTED)
    document = read(source.read_bytes(), source.name)
    return build_script(document, captions(), Lexicon.parse([]), ReadingSettings())


def written(line):
    """The words of a line for the eye, sentence by sentence."""
    ends = [*(one.start for one in line.sentences[1:]), len(line.text)]
    pairs = zip(line.sentences, ends, strict=False)
    shown = [one.written or line.text[one.start : end].strip() for one, end in pairs]
    return " ".join(shown) or line.text


def expected(name):
    said, _, skipped = (POSTS / f"{name}.script").read_text(encoding="utf-8").partition("\n\n")
    return said.splitlines(), skipped.splitlines()


@pytest.mark.parametrize("name", NAMES)
def test_posts_match_their_scripts(name):
    """A post is said as a good narrator would."""
    said, _ = expected(name)
    assert [f"[{line.role}] {line.text}" for line in script(name).lines] == said


@pytest.mark.parametrize("name", WRITTEN)
def test_posts_are_shown_as_written(name):
    """The words that a transcript shows are those that an eye expects, for each line."""
    shown = (POSTS / f"{name}.written").read_text(encoding="utf-8").splitlines()
    assert [f"[{line.role}] {written(line)}" for line in script(name).lines] == shown


@pytest.mark.parametrize("name", NAMES)
def test_unsaid_parts_are_listed(name):
    """The unsaid parts of a post are listed."""
    _, skipped = expected(name)
    found = [f"- {skip.kind}: {skip.text}" for skip in script(name).skipped]
    pairs = list(zip(found, skipped, strict=False))
    assert [one for one, wanted in pairs if not one.startswith(wanted)] == []
    assert len(found) == len(skipped)


def test_posts_use_every_role():
    """The posts hold lines of every role."""
    roles = {line.role.value for name in NAMES for line in script(name).lines}
    every = "title byline heading paragraph item quote code table picture footnote math notice"
    assert roles == set(every.split())

"""Sentences that were reported as said wrongly, in their whole files."""

import re
from pathlib import Path

import pytest

from narrated.reading.source_reader import read
from narrated.script.builder import build_script
from narrated.script.lexicon import Lexicon
from narrated.script.script import ReadingSettings, Role

FORMS = Path(__file__).parent / "forms"
MOST_HELD_WRONG = 8


def rows(name):
    """Three columns a line; a sign | inside a column has a backslash before it."""
    for line in (FORMS / name).read_text(encoding="utf-8").splitlines():
        if line.strip() and not line.startswith("# "):
            yield tuple(each.replace("\\|", "|") for each in re.split(r"(?<!\\) \| ", line))


def script_of(suffix, written):
    document = read(written.encode(), f"my-post.{suffix}")
    lines = build_script(document, {}, Lexicon.parse([]), ReadingSettings()).lines
    return " // ".join(line.text for line in lines if line.role is not Role.TITLE)


@pytest.mark.parametrize(("suffix", "written", "said"), list(rows("reported.txt")))
def test_reported_sentences_sound_right(suffix, written, said):
    """A reported sentence is said as a careful narrator would."""
    assert script_of(suffix, written) == said


def test_few_reports_are_held_wrong():
    """Few reports are held to be wrong, and each has its reason."""
    held_wrong = list(rows("reported_wrong.txt"))
    assert len(held_wrong) <= MOST_HELD_WRONG
    assert all(reason for _, _, reason in held_wrong)

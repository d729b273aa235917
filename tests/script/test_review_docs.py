"""The example of docs/review.md is what narrated does."""

import re
from pathlib import Path

import pytest

from narrated.errors import SourceError
from narrated.script.review.reviewed_draft import lexicon_text, reviewed
from narrated.script.review.script_file import write_script
from narrated.script.script import Caption, ReadingSettings, Speaker
from support.reviews import LIMITS, NAME, after, draft_of, read

PAGE = Path(__file__).parents[2] / "docs" / "review.md"
POST, WRITTEN, EDITED, SAID = (
    found[1] for found in re.finditer(r"```\w+\n(.*?)```", PAGE.read_text(), re.DOTALL)
)
SETTINGS = ReadingSettings(
    speakers={"narrator": Speaker("espeak"), "quote": Speaker("espeak", "en-gb")}
)
CAPTIONS = {"rack.jpg": Caption("a rack of servers")}


def draft(lexicon=""):
    lexicons = [("post.script.md", lexicon)] if lexicon else ()
    return draft_of(POST, captions=CAPTIONS, settings=SETTINGS, lexicons=lexicons)


def test_the_example_is_written_so():
    """The page shows the file of its post, without its last block."""
    text, _, block = write_script(draft(), "post.md").partition("<!-- narrated keeps here")
    assert text.strip() == WRITTEN.strip()
    assert block


def test_the_example_is_said_so():
    """The edited file of the page is said as the page tells."""
    text = write_script(draft(), "post.md")
    head, _, rest = text.partition("[title")
    _, kept, block = rest.partition("<!-- narrated keeps here")
    script = read(f"{head}{EDITED}\n{kept}{block}")
    found = reviewed(draft(lexicon_text(script)), script, LIMITS, NAME)
    assert [f"[{line.role}] {line.text}" for line in found.draft.script.lines] == SAID.splitlines()
    voices = [line.speaker for line in found.draft.script.lines]
    assert voices == ["narrator"] * 6
    assert found.draft.script.lines[1].pause_s == 2
    assert found.conflicts == ()


def test_the_examples_error_is_told():
    """The message of the page is the one that a wrong word in brackets gets."""
    with pytest.raises(SourceError) as error:
        after(POST, WRITTEN.replace("paragraph k3k8", "paragrph k3k8"))
    told = f"{error.value.problem}\n    {error.value.remedy.partition('?')[0]}?"
    assert told in PAGE.read_text()

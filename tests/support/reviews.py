"""Drafts of posts, and their script files as a person would have edited them."""

from pathlib import Path

from narrated.script.default_voice import SpeechEngines
from narrated.script.review.reviewed_draft import reviewed
from narrated.script.review.script_file import write_script
from narrated.script.review.script_file_reading import read_script
from narrated.script.script import ReadingSettings, Speaker
from narrated.script.source_to_draft import build_draft

LIMITS = {"espeak": 300}
NAME = "post.script.md"
SETTINGS = ReadingSettings(
    speakers={
        "narrator": Speaker("espeak"),
        "quote": Speaker("espeak", "en-gb"),
        "caption": Speaker("espeak", "en-gb"),
    },
    marked_languages=True,
)


def draft_of(source, name="post.md", *, captions=None, lexicons=(), settings=SETTINGS):
    """Draft the script of a source, a text or bytes."""
    data = source.encode() if isinstance(source, str) else source
    engines = SpeechEngines(LIMITS)
    return build_draft(
        data,
        name,
        captions=captions or {},
        lexicons=lexicons,
        settings=settings,
        engines=engines,
    )


def file_of(source, **options):
    """The script file of a source."""
    return write_script(draft_of(source, **options), "post.md")


def read(text):
    """Read a script file."""
    return read_script(text, NAME)


def said(draft):
    """The words of a draft, line by line."""
    return [
        " ".join(part.text for part in draft.script.lines if part.id == line.id)
        for line in draft.script.units
    ]


def after(source, text):
    """The draft of a source with an edited script file, and the conflicts."""
    found = reviewed(draft_of(source), read(text), LIMITS, NAME)
    return found.draft, found.conflicts


def edited(text, *changes):
    """Replace words of a file, each once."""
    for before, now in changes:
        assert text.count(before) == 1 or before in text.partition("<!-- narrated keeps")[0], before
        text = text.replace(before, now, 1)
    return text


def posts():
    """The golden posts."""
    folder = Path(__file__).parents[1] / "script" / "posts"
    others = (".script", ".written")
    return [
        each
        for each in sorted(folder.iterdir())
        if each.suffix not in others and each.name != "captions.txt"
    ]

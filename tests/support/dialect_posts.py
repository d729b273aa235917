"""What is said of a text in a dialect of Markdown, and what is listed as not said."""

from narrated.reading.source_reader import read
from narrated.script.builder import build_script
from narrated.script.lexicon import Lexicon
from narrated.script.script import ReadingSettings, Script


def script(text: str, off: frozenset[str] = frozenset(), name: str = "a.md") -> Script:
    """Make the script of a text, without the dialects that are off."""
    document = read(text.encode(), name, dialects_off=off)
    return build_script(document, {}, Lexicon.parse([]), ReadingSettings())


def said(text: str, off: frozenset[str] = frozenset()) -> list[str]:
    """Give the lines after the title; a text without a heading has none."""
    lines = script(f"# T\n\n{text}", off).lines[1:]
    return [line.text for line in lines]


def listed(text: str) -> list[tuple[str, str]]:
    """Give the kind and the text of each part that is not said, but for pictures' captions."""
    skipped = script(f"# T\n\n{text}").skipped
    return [(each.kind, each.text) for each in skipped if "described" not in each.reason]

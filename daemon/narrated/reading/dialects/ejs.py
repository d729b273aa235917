"""EJS, ERB and Obsidian's Templater: `<% code %>`, `<%= expression %>`, `<%# comment %>`."""

from markdown_it import MarkdownIt

from narrated.reading.dialects import tokens as make
from narrated.reading.dialects.placeholders import add_markup
from narrated.reading.dialects.source_cutting import Markup, Meaning

_TAG = r"<%(?:(?!<%|%>).)*%>"


def extend(parser: MarkdownIt) -> None:
    """Leave the tags of templates silent."""
    add_markup(parser, Markup("<%", _TAG, _tag))


def _tag(raw: str) -> Meaning:
    kind = "comment" if raw.startswith("<%#") else "template"
    reason = "a comment" if kind == "comment" else "a template's expression"
    return Meaning((make.unspoken(kind, raw, reason),))

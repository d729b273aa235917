"""Kramdown, of Jekyll: attribute lists (`{: .class lang="fr"}`), `{:toc}`, `{::comment}`."""

import re

from markdown_it import MarkdownIt

from narrated.reading.dialects import tokens as make
from narrated.reading.dialects.marked_languages import add_marked_languages, language_mark
from narrated.reading.dialects.placeholders import add_markup
from narrated.reading.dialects.source_cutting import Markup, Meaning, silent

_CONTENTS = r"(?<![^\n])[ ]{0,3}(?:[-*+]|1\.)[ \t]+[^\n]*\n[ \t]*\{:\s?toc\b[^{}\n]*\}"
_LIST = r"\{:(?:[\s.#:/]|toc\b|no_toc\b|[\w-]+[:=])[^{}\n]*\}"
_COMMENT_END = re.compile(r"\{:/(?:comment)?\}")


def extend(parser: MarkdownIt) -> None:
    """Leave attribute lists silent; the language that one names holds for its element."""
    add_marked_languages(parser)
    add_markup(
        parser,
        Markup("{:", _CONTENTS, silent("contents", "the place of a table of contents")),
        Markup("{:", _LIST, _attributes),
    )


def _attributes(raw: str) -> Meaning:
    silent = (*language_mark(raw), make.unspoken("attributes", raw, "the looks of a part"))
    if raw.replace(" ", "") != "{::comment}":
        return Meaning(silent)

    def comment(text: str) -> Meaning:
        return Meaning((make.unspoken("comment", text, "a comment"),))

    return Meaning(silent, until=_COMMENT_END, verbatim=comment)

"""Find what still looks like markup in what would be said.

The patterns are for a script after normalisation, which says many signs as words: `{#id}` is then
"{hashtag id}". Each is linear: its repeats are bounded, or none begins inside another.
"""

import re
from collections.abc import Iterator
from itertools import groupby

import msgspec

from narrated.script.language_codes import is_english
from narrated.script.script import Line, Role, Script

_HTML = (
    "a|abbr|article|aside|audio|b|blockquote|br|button|caption|center|cite|code|dd|del|details|div"
    "|dl|dt|em|embed|figcaption|figure|font|footer|h[1-6]|header|hr|i|iframe|img|input|ins|kbd|li"
    "|main|mark|nav|object|ol|p|picture|pre|q|s|script|section|small|source|span|strike|strong|style"
    "|sub|summary|sup|svg|table|tbody|td|tfoot|th|thead|time|tr|tt|u|ul|var|video"
)
_ENTITIES = (
    "amp|apos|bull|copy|deg|emsp|ensp|gt|hellip|laquo|ldquo|lsquo|lt|mdash|middot|nbsp|ndash|quot"
    "|raquo|rarr|rdquo|reg|rsquo|shy|thinsp|times|trade|zwj|zwnj"
)
_SHORTCODES = (
    "audio|caption|code|contact-form|embed|gallery|gist|googlemaps|latex|playlist|soundcloud"
    "|sourcecode|tweet|twitter|video|vimeo|youtube"
)
_CROSS_REFERENCES = "fig|tbl|sec|eq|lst|thm|lem|cor|def|exm"
_ATTRIBUTES = "alt|caption|class|height|href|id|ids|link|src|style|target|title|url|width"
_TEX_WITHOUT_BRACES = "dots?|ldots|cdot|alpha|beta|gamma|times|leq?|geq?|neq?|infty|sum|int"

_TABLE = {
    "shortcode": r"\{\{[<%]|[%>]\}\}"
    rf"|\[/?(?:slash )?(?:{_SHORTCODES})(?:\]|\s[^\]]{{0,200}}\])",
    "template": r"(?<!\{)\{%|%\}(?!\})|\{\{(?![<%])|(?<![>%])(?<!percent)\}\}|<%|%>|<\?(?:php|=)",
    "wiki link": r"\[\[|\]\]",
    "picture": r"!\[",
    "link": r"\]\(|(?<!\w)\[[^\[\]]{1,100}\]\[|^\[[^\[\]]{1,100}\]: ",
    "footnote call": r"\[\^|(?<=[\w.,;:!?”\"])\^\[",
    "citation": r"\[-?@|\[at \w+ (?:nineteen|twenty|two thousand)\b"
    rf"|\bat (?:{_CROSS_REFERENCES})-\w",
    "admonition": r"^(?:!!!|\?\?\?)\+? ?\w|\[!\w+\]",
    "directive": r":{3,}",
    "tab": r"^(?:={3,}|equals) ?[\"“]",
    "attribute list": r"\]\{|\{: ?\S|\{(?:dot|hashtag|hash) \w|\{[.#][\w-]"
    r"|\{[\w-]{1,40}(?: equals |=)\S",
    "highlight": r"(?<![=\w])==(?=\w)|(?<=\w)==(?![=\w])",
    "struck-out mark": r"~~",
    "critic mark": r"\{plus plus\b|\{\+\+|\+\+\}|\{--|--\}|\{(?:dash dash)\b|\{>>|<<\}",
    "emphasis": r"(?<![\w*'\"/.])\*{1,3}(?=[\w“\"'(])[^*]{0,200}(?<=[\w.,;:!?)”\"'])\*"
    r"|(?:\A|(?<=[\s(“\"]))\*\*\w|(?<![\w'\"/])__?[^\W_][^_]{0,200}[\w.!?]_(?!\w)",
    "backtick": r"`",
    "heading mark": r"^#{1,6} ",
    "table": r"\+[-=]{3,}\+|\|\s?:?-{2,}|^\||\|$|\s\|\s[^|]{1,200}\s\|\s",
    "fence": r"^~~~",
    "HTML tag": r"</[A-Za-z]|<!(?:--|dash|doctype|\[)|dash dash>"
    rf"|<(?i:{_HTML})(?:\s[\w:-]{{1,40}} ?(?:=|equals )[^<>]{{0,300}})?\s?/?>"
    r"|<[A-Z]\w{0,40}[^<>]{0,300}/>",
    "attribute": rf"\b(?:{_ATTRIBUTES}) ?(?:equals |=) ?[\"“]",
    "entity": rf"&#|&[A-Za-z]\w{{1,20}};|\band (?:{_ENTITIES});",
    "TeX": rf"\\(?:begin|end|{_TEX_WITHOUT_BRACES})\b"
    r"|backslash \w{1,20}\{|\bdollar [A-Za-z] dollar\b"
    r"|\\[A-Za-z]{2,30}\{|\$\$|(?<!\w)\$[^\s$\d][^$]{0,100}\$(?!\w)",
    "escaped sign": r"(?<!¯)\\[*_\[\](){}#+.!|<>~`$&-]",
    "emoji code": r"(?<![\w:]):[a-z+-][\w+-]{1,40}(?: one)?:(?![\w:])",
    "address": r"\b(?:https?|ftp|mailto|file|obsidian)://|\bhttps?:\S",
    "comment mark": r"%%|\bpercent%",
    "block id": r"(?<=\s)\^[A-Za-z0-9-]{2,40}$",
    "snippet": r"(?:8|\beight)<-|\[T O C\]|\[TOC\]",
    "MDX": r"\bimport [\w{}, ]{1,80} from [\"'“‘]|^export (?:const|default|function)\b",
}
"""Kinds of leftovers and their patterns."""

_PATTERNS = {kind: re.compile(pattern) for kind, pattern in _TABLE.items()}
_EXCERPT = 30


class Leftover(msgspec.Struct, frozen=True):
    """Something that looks like markup, in a line that would be said."""

    line: int
    """The number of the line among all that would be said, from 1."""
    block: int
    """The number of its block in the document; -1 for a title from outside the text."""
    kind: str
    text: str
    """The words around it."""
    source_line: int = 0
    """The line of the file that has most of these words, from 1; 0 if unknown."""


def find_leftovers(script: Script) -> Iterator[Leftover]:
    """Find the leftovers of a script, each kind once a line."""
    units = groupby(script.lines, lambda line: line.id)
    for number, (_, parts) in enumerate(units, start=1):
        for line in filter(_is_words, parts):
            yield from _of_line(number, line)


def _is_words(line: Line) -> bool:
    """False for code in a language whose signs narrated leaves as they are."""
    return line.role is not Role.CODE or is_english(line.language)


def _of_line(number: int, line: Line) -> Iterator[Leftover]:
    for kind, pattern in _PATTERNS.items():
        if found := pattern.search(line.text):
            yield Leftover(number, line.block, kind, _excerpt(line.text, found))


def _excerpt(text: str, found: re.Match[str]) -> str:
    start, end = max(0, found.start() - _EXCERPT), min(len(text), found.end() + _EXCERPT)
    return f"{'…' if start else ''}{text[start:end].strip()}{'…' if end < len(text) else ''}"

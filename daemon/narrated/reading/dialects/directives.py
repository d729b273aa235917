"""Directives of Docusaurus and VitePress: `:::tip[Title]`, `::video{#id}`, `:abbr[word]`."""

import re
from bisect import bisect_right

from markdown_it import MarkdownIt
from markdown_it.rules_block import StateBlock

from narrated.reading.dialects import tokens as make
from narrated.reading.dialects.marked_languages import in_language, language_of
from narrated.reading.dialects.nested_lines import dedented, parse_within
from narrated.reading.dialects.pandoc_attributes import parse_attributes
from narrated.reading.dialects.placeholders import add_markup
from narrated.reading.dialects.source_cutting import Markup, Meaning, silent
from narrated.reading.html_element_names import names

_OPENING = re.compile(
    r"(?P<colons>:{3,})[ \t]*\{?(?P<name>[A-Za-z][\w-]*)\}?[ \t]*(?:\[(?P<label>[^\n]*)\])?"
    r"[ \t]*(?:\{[^{}\n]*\})?[ \t]*(?P<title>[^\n{}]*?)[ \t]*(?:\{[^{}\n]*\})?[ \t]*:*\Z"
)
_LINE = re.compile(
    r"^[ \t>]*(?:(?P<fence>`{3,}|~{3,})|(?P<colons>:{3,})[ \t]*(?P<name>[^\s:][^\n]*)?)", re.M
)
_LEAF = (
    r"(?<![^\n])[ \t]*::[A-Za-z][\w-]*(?=[\[{])(?:\[[^\]\n]*\])?(?:\{[^{}\n]*\})?[ \t]*(?![^\n])"
)
_TITLE = re.compile(r"\{[^{}\n]*\btitle=\"([^\"\n]*)\"")
_BRACES = re.compile(r"\{[^{}\n]*\}(?=[^{}]*\Z)")
_IN_TEXT = r"(?<![\w:\]]):[A-Za-z][\w-]*\[[^\[\]\n]*\](?:\{[^{}\n]*\})?"
_LABEL = re.compile(r"\[([^\]]*)\]")
_SNIPPET = r"(?<![^\n])<<<[ \t]*(?:@|\.|/)[^\n]*"
_ADMONITIONS = names("""
    note tip info warning danger caution important success error question hint example abstract bug
    failure quote details seealso admonition
    """)
_CLOSINGS = "lines that close a container"
_INTERRUPTED = ["paragraph", "reference", "blockquote", "list"]


def extend(parser: MarkdownIt) -> None:
    """Read containers as admonitions, and the labels of directives; all else of them is silent."""
    parser.block.ruler.before("fence", "directive", _container, {"alt": _INTERRUPTED})
    add_markup(
        parser,
        Markup("::", _LEAF, _leaf, re.compile(r"^[ \t]*::[A-Za-z]", re.M)),
        Markup(":", _IN_TEXT, _in_text, re.compile(r":[A-Za-z][\w-]*\[")),
        Markup("<<<", _SNIPPET, silent("code", "code from another file")),
    )


def _leaf(raw: str) -> Meaning:
    label = _LABEL.search(raw)
    silent = make.unspoken("directive", raw, "a directive of the page")
    shown = (make.words(label[1]),) if label else ()
    return Meaning((silent, *shown))


def _in_text(raw: str) -> Meaning | None:
    label = _LABEL.search(raw)
    is_words = label is not None and any(sign.isalpha() for sign in label[1])
    if label is None or not is_words:  # not `:name[0]`
        return None
    words = [make.words(label[1])]
    return Meaning(tuple(in_language(words, _language(raw), "span")))


def _container(state: StateBlock, start: int, end: int, silent: bool) -> bool:
    at = state.bMarks[start] + state.tShift[start]
    if state.src[at : at + 3] != ":::" or state.is_code_block(start):
        return False
    line = state.src[at : state.eMarks[start]].rstrip()
    if not line.strip(":"):
        return _lone_closing(state, start, line, silent)
    found = _OPENING.match(line)
    if found is None:
        return False
    close = _closing_line(state, start, end, at)
    name = found["name"].lower().removeprefix("callout-")
    if close is None and name not in _ADMONITIONS:
        return False
    if not silent:
        _push(state, found, line, start, close)
    return True


def _push(
    state: StateBlock, found: re.Match[str], line: str, start: int, close: int | None
) -> None:
    name, title = (
        found["name"].lower().removeprefix("callout-"),
        found["label"] or found["title"] or _title_in_braces(line),
    )
    is_admonition = name in _ADMONITIONS - {"details"}
    at = len(state.tokens)
    if is_admonition:
        make.push(state, make.admonition_open(name, title))
    else:
        make.push(state, make.paragraph("", (make.unspoken("container", line),)))
        make.push(state, make.paragraph(title) if title else ())
    state.line = start + 1
    if close is not None:
        parse_within(state, start + 1, close, dedented(state, start + 1, close))
        state.line = min(close + 1, state.lineMax)
    if is_admonition:
        make.push(state, (make.admonition_close(),))
    state.tokens[at:] = in_language(state.tokens[at:], _language(line), "div")


def _language(text: str) -> str | None:
    """Return the language in the braces of a directive."""
    braces = _BRACES.search(text)
    return language_of(parse_attributes(braces[0])) if braces else None


def _title_in_braces(line: str) -> str:
    found = _TITLE.search(line)
    return found[1] if found else ""


def _lone_closing(state: StateBlock, start: int, line: str, silent: bool) -> bool:
    if not silent:
        make.push(state, make.paragraph("", (make.unspoken("container", line),)))
        state.line = start + 1
    return True


def _closing_line(state: StateBlock, start: int, end: int, at: int) -> int | None:
    """Find the line that closes the container; None if there is none in the block around."""
    if _CLOSINGS not in state.env:
        state.env[_CLOSINGS] = _closings(state.src)
    closing = state.env[_CLOSINGS].get(at)
    if closing is None:
        return None
    line = bisect_right(state.bMarks, closing) - 1
    inside = start < line < end and state.sCount[line] >= state.blkIndent
    return line if inside and state.eMarks[line] >= closing else None


def _closings(text: str) -> dict[int, int]:
    """Pair the lines of colons: the place of each opening, and of its closing."""
    waiting: list[tuple[int, int]] = []
    pairs: dict[int, int] = {}
    fence = ""
    for found in _LINE.finditer(text):
        if found["fence"]:
            closes = fence and found["fence"].startswith(fence)
            fence = "" if closes else fence or found["fence"]
        elif fence:
            continue
        elif found["name"]:
            waiting.append((len(found["colons"]), found.start("colons")))
        elif waiting:
            colons = len(found["colons"])
            if any(each == colons for each, _ in waiting[-20:]):
                while waiting[-1][0] != colons:
                    waiting.pop()
            pairs[waiting.pop()[1]] = found.start("colons")
    return pairs

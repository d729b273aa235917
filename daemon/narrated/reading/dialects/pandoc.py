"""Pandoc and Quarto: divs, spans, attributes, citations, cross references, cells, tables, verse."""

import re
from collections import Counter
from collections.abc import Callable

from markdown_it import MarkdownIt
from markdown_it.rules_core import StateCore
from markdown_it.rules_inline import StateInline

from narrated.reading.dialects import pandoc_blocks, pandoc_cells, pandoc_tables
from narrated.reading.dialects import tokens as make
from narrated.reading.dialects.marked_languages import (
    add_marked_languages,
    language_mark,
    language_of,
)
from narrated.reading.dialects.pandoc_attributes import (
    ATTRIBUTES,
    LANGUAGE,
    NAMED,
    parse_attributes,
)

Rule = Callable[[StateInline, bool], bool]

_KEY = r"@\{?[A-Za-z0-9_][\w:.#$%&+?~/-]{0,80}\}?"
_PREFIX = r"(?:(?:see|also|e\.g\.,?|i\.e\.,?|cf\.|compare|for example,?|in)\s{1,3}){0,3}"
_LOCATOR = r"(?:(?=[^;\[\]@]{0,120}?(?:\d|passim|chap|appendix))[\s,][^;\[\]@]{0,120})?"
_ITEM = rf"{_PREFIX}-?{_KEY}{_LOCATOR}\s{{0,3}}"
CITATION = re.compile(rf"\[\s{{0,3}}{_ITEM}(?:;\s{{0,3}}{_ITEM}){{0,40}}\](?![(\[{{:])", re.I)
_KINDS = {
    "fig": "figure",
    "tbl": "table",
    "tab": "table",
    "sec": "section",
    "eq": "equation",
    "lst": "listing",
    "thm": "theorem",
    "lem": "lemma",
    "cor": "corollary",
    "prp": "proposition",
    "cnj": "conjecture",
    "def": "definition",
    "exm": "example",
    "exr": "exercise",
}
_KIND = "|".join(_KINDS)
_ALWAYS = frozenset({"fig", "tbl", "sec", "eq", "lst", "thm"})
"""Kinds that are no name of a person, so a reference needs no target in the text."""
_REFERENCE = re.compile(
    rf"\[(?P<bare>-?)@(?P<kind>{_KIND})[-:](?P<name>[\w-]{{1,80}})\](?![(\[])"
    rf"|\\?@(?P<call>ref\()?(?P<kind2>{_KIND})[-:](?P<name2>[\w-]{{0,80}}\w)(?(call)\)?)",
    re.I,
)
_NAMED = re.compile(
    rf"(?<=[ {{])#(?P<kind>{_KIND})[-:](?P<name>[\w-]{{1,80}})"
    rf"|^(?:#|%%|//)\| label: (?P<kind2>{_KIND})[-:](?P<name2>[\w-]{{1,80}})",
    re.M,
)
_AUTHOR = re.compile(
    r"@\{?(?P<author>[A-Za-z]{1,40}(?:[_-][A-Za-z]{1,40}){0,5})[_:-]?(?P<year>\d{4}|\d\d)?"
    r"(?![0-9])[a-z]?(?:[_:-]\w{1,40}){0,4}\}?(?!\w)"
)
_NEEDS_WORDS = re.compile(
    r"(?:\A|[\s(])(?:see|in|and|or|by|from|of|to|with|as|at|cf\.|per|than|following|on|both|for)\s+\Z",
    re.I,
)
_CITED = re.compile(rf"-?(?P<key>{_KEY})(?P<locator>[^;\]]*)")
_CALL = re.compile(r"\[\^(\d{1,3}|[A-Za-z][\w-]{2,40})\](?![(:\[+*?{])")
_SUPERSCRIPT = re.compile(r"\^((?:[^\s^\\\[\]]|\\.){1,20})\^(?P<joined>\w)?")
_SUBSCRIPT = re.compile(r"~((?:[^\s~\\\[\]/]|\\.){1,10})~(?!~)")
_SHORT = re.compile(r"[-+−]?\d+|st|nd|rd|th")
_SPACE = re.compile(r"\\ (?=\w)")
_NO_AUTHOR = re.compile(r"(?<!\S)-\Z")
"""Before a citation whose author the sentence names: `Doe says, -@doe2020`."""
_STRUCK = re.compile(r"~(?=[^\s~/])([^~\n]{0,120}[^\s~])~(?![\w~/])")
_RAW = re.compile(r"\{=\w{1,20}\}")
_NAMES, _HAS_CITES, _LAST_SPAN = "pandoc names", "pandoc cites", -2


def extend(parser: MarkdownIt) -> None:
    """Read Pandoc's and Quarto's markup as what it means."""
    add_marked_languages(parser)
    pandoc_tables.extend(parser)
    pandoc_blocks.extend(parser)
    pandoc_cells.extend(parser)
    parser.core.ruler.after("block", "pandoc_names", _number_names)
    parser.inline.ruler.before("escape", "pandoc", _inline)


def _number_names(state: StateCore) -> None:
    """Number figures, tables and the like in their order, as references to them do."""
    if "@" not in state.src:
        return
    numbers: dict[str, int] = {}
    counts: Counter[str] = Counter()
    for found in _NAMED.finditer(state.src):
        kind = (found["kind"] or found["kind2"]).lower()
        name = f"{kind}-{found['name'] or found['name2']}"
        if name not in numbers:
            counts[kind] += 1
            numbers[name] = counts[kind]
    state.env[_NAMES] = numbers
    state.env[_HAS_CITES] = bool(numbers) or CITATION.search(state.src) is not None


def _reference(state: StateInline, silent: bool) -> bool:
    """Read a cross reference: `@fig-a` is "figure 1", or "the figure" without a number."""
    found = _REFERENCE.match(state.src, state.pos)
    if found is None:
        return False
    if found[0][0] == "@" and _is_after_word(state):
        return False
    kind = (found["kind"] or found["kind2"]).lower()
    name = f"{kind}-{found['name'] or found['name2']}"
    number = state.env.get(_NAMES, {}).get(name, 0) if kind != "sec" else 0
    if not number and kind not in _ALWAYS and not state.env.get(_NAMES):
        return False
    if not silent:
        noun = _KINDS[kind]
        words = f"{noun} {number}" if number else f"the {noun}"
        if found["bare"]:
            words = str(number or noun)
        elif found[0].startswith("["):
            words = f"({words})"
        state.tokens.append(make.words(_flushed(state, words)))
    state.pos = found.end()
    return True


def _dead_call(state: StateInline, silent: bool) -> bool:
    """Leave the call of a footnote silent that the text does not have."""
    found = _CALL.match(state.src, state.pos)
    known = state.env.get("footnotes", {}).get("refs", {})
    if found is None or f":{found[1]}" in known:
        return False
    # `[^abc]` after a space may be a regular expression.
    if not found[1].isdigit() and (not state.pos or state.src[state.pos - 1].isspace()):
        return False
    if not silent:
        _flushed(state)
        state.tokens.append(make.unspoken("footnote call", found[0], "the text has no such note"))
    state.pos = found.end()
    return True


def _citation(state: StateInline, silent: bool) -> bool:
    found = CITATION.match(state.src, state.pos)
    if found is None:
        return False
    if not silent:
        _push_citation(state, found[0], found.end())
    state.pos = found.end()
    return True


def _push_citation(state: StateInline, citation: str, end: int) -> None:
    """Leave a citation silent, but not if its sentence needs it: `see [@knuth84, p. 3]`."""
    if _NEEDS_WORDS.search(state.src[max(0, state.pos - 20) : state.pos]):
        said = (_said(each["key"]) + each["locator"] for each in _CITED.finditer(citation))
        state.tokens.append(make.words(_flushed(state, "; ".join(said))))
        return
    if state.src[end : end + 1] in {*".,;:!?)", ""}:
        state.pending = state.pending.rstrip(" ," if state.src[end : end + 1] == "," else None)
    _flushed(state)
    state.tokens.append(make.unspoken("citation", citation, "a citation"))


def _said(key: str) -> str:
    """Say a citation's key: `@knuth84` is "Knuth 84"."""
    found = _AUTHOR.fullmatch(key)
    if found is None:
        return key.strip("@{}")
    author = re.sub(r"[_-]+", " ", found["author"]).title()
    year = found["year"] or ""
    return f"{author} ({year})" if len(year) == 4 else f"{author} {year}".strip()


def _author(state: StateInline, silent: bool) -> bool:
    """Read a citation in the sentence, `@knuth84`, in a text that has others in brackets."""
    if not state.env.get(_HAS_CITES) or _is_after_word(state):
        return False
    found = _AUTHOR.match(state.src, state.pos)
    if found is None or _is_example(state, found.end()):
        return False
    if not silent:
        said = _said(found[0])
        if _NO_AUTHOR.search(state.pending):
            state.pending = state.pending[:-1]
            said = f"({found['year']})" if found["year"] else said
        state.tokens.append(make.words(_flushed(state, said)))
    state.pos = found.end()
    return True


def _span(state: StateInline, silent: bool) -> bool:
    """Read `[words]{.class}` as its words, `[mots]{lang=fr}` as of that language."""
    last = state.cache.get(_LAST_SPAN)
    if last is None:
        last = state.cache[_LAST_SPAN] = state.src.rfind("]{")
    if state.pos >= last:
        return False
    end = state.md.helpers.parseLinkLabel(state, state.pos)
    found = ATTRIBUTES.match(state.src, end + 1) if end > 0 else None
    if found is None:
        return False
    if not silent:
        language = language_of(parse_attributes(found[0]))
        if language is not None:
            state.push("span_open", "span", 1).attrs["lang"] = language
        start, maximum = state.pos + 1, state.posMax
        state.pos, state.posMax = start, end
        state.md.inline.tokenize(state)
        state.posMax = maximum
        if language is not None:
            state.push("span_close", "span", -1)
    state.pos = found.end()
    return True


def _attributes(state: StateInline, silent: bool) -> bool:
    """Drop the attributes of what stands before them, or of the block that they end.

    The language that they name stays.
    """
    raw = _RAW.match(state.src, state.pos)
    before = state.src[state.pos - 1 : state.pos]
    if raw and before == "`":
        if not silent and state.tokens and state.tokens[-1].type == "code_inline":
            code = state.tokens.pop()
            state.tokens.append(make.unspoken("code", code.content, "not for narration"))
        state.pos = raw.end()
        return True
    attached = before in (")", "]", "`", ">", "*", "_") and before != ""
    found = ATTRIBUTES.match(state.src, state.pos) if attached else None
    if found is None:
        found = NAMED.match(state.src, state.pos) or LANGUAGE.match(state.src, state.pos)
        if found is None or not _stands_alone(state, found.end()):
            return False
    if not silent and (mark := language_mark(found[0])):
        _flushed(state)
        state.tokens += mark
    state.pos = found.end()
    return True


def _superscript(state: StateInline, silent: bool) -> bool:
    found = _SUPERSCRIPT.match(state.src, state.pos)
    if found is None or state.src[state.pos - 1 : state.pos].isspace() or not state.pos:
        return False
    if found["joined"] and not _SHORT.fullmatch(found[1]):
        return False
    if not silent:
        state.push("sup_open", "sup", 1)
        state.push("text", "", 0).content = found[1].replace("\\", "")
        state.push("sup_close", "sup", -1)
    state.pos = found.end(1) + 1
    return True


def _subscript(state: StateInline, silent: bool) -> bool:
    found = _SUBSCRIPT.match(state.src, state.pos)
    before = state.src[state.pos - 1 : state.pos] if state.pos else ""
    if found is None or not (before.isalnum() or before in (")", "]", "*", "_")) or not before:
        return False
    if not silent:
        after = " " if state.src[found.end() : found.end() + 1].isalnum() else ""
        words = " " + found[1].replace("\\", "") + after
        state.push("sub_open", "sub", 1)
        state.push("text", "", 0).content = words
        state.push("sub_close", "sub", -1)
    state.pos = found.end()
    return True


def _struck(state: StateInline, silent: bool) -> bool:
    """Read `~words~` as struck out, as GitHub does."""
    before = state.src[state.pos - 1 : state.pos] if state.pos else ""
    is_open = not before or before.isspace() or before in "(["
    found = _STRUCK.match(state.src, state.pos) if is_open else None
    if found is None:
        return False
    if not silent:
        state.push("s_open", "s", 1)
        maximum = state.posMax
        state.pos, state.posMax = found.start(1), found.end(1)
        state.md.inline.tokenize(state)
        state.posMax = maximum
        state.push("s_close", "s", -1)
    state.pos = found.end()
    return True


def _space(state: StateInline, silent: bool) -> bool:
    r"""Read `\ ` between two words as a space."""
    found = _SPACE.match(state.src, state.pos)
    if found is None or not state.src[state.pos - 1 : state.pos].isalnum():
        return False
    if not silent:
        state.pending += " "
    state.pos += 2
    return True


_RULES: dict[str, tuple[Rule, ...]] = {
    "[": (_dead_call, _reference, _citation, _span),
    "@": (_reference, _author),
    "\\": (_reference, _space),
    "{": (_attributes,),
    "^": (_superscript,),
    "~": (_subscript, _struck),
}


def _inline(state: StateInline, silent: bool) -> bool:
    """Apply the rules for the sign at this place: one rule of the parser costs less than seven."""
    rules = _RULES.get(state.src[state.pos], ())
    return any(rule(state, silent) for rule in rules)


def _is_example(state: StateInline, end: int) -> bool:
    return state.src[max(0, state.pos - 1) : state.pos] == "(" and state.src[end : end + 1] == ")"


def _is_after_word(state: StateInline) -> bool:
    before = state.src[state.pos - 1 : state.pos] if state.pos else ""
    return bool(before) and (before.isalnum() or before in "_./@")


def _stands_alone(state: StateInline, end: int) -> bool:
    """True if nothing follows in the line, and a space or nothing stands before."""
    before = state.src[state.pos - 1 : state.pos] if state.pos else ""
    return (not before or before.isspace()) and state.src[end : end + 1] in ("", "\n")


def _flushed(state: StateInline, text: str = "") -> str:
    """Write the pending text of a state, and return the text."""
    if state.pending:
        state.pushPending()
    return text

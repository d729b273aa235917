"""Code of Pandoc and Quarto: languages in braces, options of cells, raw blocks."""

import re

from markdown_it import MarkdownIt
from markdown_it.rules_core import StateCore
from markdown_it.token import Token

from narrated.reading.dialects import tokens as make
from narrated.reading.dialects.pandoc_attributes import parse_attributes

_RAW = re.compile(r"\{=\w+\}\s*\Z")
_OPTIONS = re.compile(r"\A(?:(?:#|//|%%|--)\|[^\n]*(?:\n|\Z))+")
_HIDDEN = re.compile(r"^(?:#|//|%%|--)\|\s*(?:echo|include):\s*false\b", re.M | re.I)
_HIDDEN_VALUE = re.compile(r"\b(?:echo|include)\s*=\s*(?:FALSE|F)\b", re.I)
_NO_LANGUAGE = frozenset({"numberLines", "number-lines", "line-numbers", "cell-code", "output"})


_COMPUTED = re.compile(r"\{(?:r|python|julia|ojs)\}\s+\S.*|(?P<bare>r)\s+\S.*", re.S)


def extend(parser: MarkdownIt) -> None:
    """Read the languages and the options of code."""
    parser.core.ruler.after("block", "pandoc_cells", _cells)
    parser.core.ruler.after("inline", "pandoc_computed", _computed_words)


def _computed_words(state: StateCore) -> None:
    """Leave code in a sentence silent whose result stands there on the page."""
    has_cells = "```{r" in state.src
    if not has_cells and "`{" not in state.src:
        return
    for token in state.tokens:
        for at, child in enumerate(token.children or ()):
            found = _COMPUTED.fullmatch(child.content) if child.type == "code_inline" else None
            if found and token.children and (has_cells or not found["bare"]):
                reason = "computed when the page is made"
                token.children[at] = make.unspoken("code", child.content, reason)


def _cells(state: StateCore) -> None:
    for at, token in enumerate(state.tokens):
        if token.type == "fence" and token.info.lstrip().startswith("{"):
            state.tokens[at] = _cell(token)
        elif token.type == "fence" and "{" in token.info:
            token.info = token.info.partition("{")[0].strip()


def _cell(token: Token) -> Token:
    info = token.info.strip()
    if _RAW.match(info):
        return make.unspoken("code", token.content, "raw markup of another format")
    if _HIDDEN.search(token.content) or _HIDDEN_VALUE.search(info):
        return make.unspoken("code", token.content, "hidden on the page too")
    named = [name for name in parse_attributes(info).classes if name not in _NO_LANGUAGE]
    token.info = named[0].strip("{},.") if named else ""
    token.content = _OPTIONS.sub("", token.content)
    return token

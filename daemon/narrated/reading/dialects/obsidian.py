"""Obsidian: wiki links, embeds, callouts (GitHub's alerts too), comments, highlights, block ids."""

import re

from markdown_it import MarkdownIt
from markdown_it.rules_core import StateCore
from markdown_it.token import Token

from narrated.reading.dialects import tokens as make
from narrated.reading.dialects.custom_tasks import name_custom_tasks
from narrated.reading.dialects.paired_signs import add_paired_sign
from narrated.reading.dialects.placeholders import add_markup
from narrated.reading.dialects.source_cutting import Markup, Meaning, silent

_COMMENT = r"(?<![^\n])[ ]{0,3}%%(?!%)(?:(?!%%).)*%%(?!%)"
_COMMENT_IN_TEXT = r"(?<![\w%])%%(?!%)(?:(?!%%|\n[ \t]*\n).)*%%(?![\w%])"
_EMBED = r"!\[\[(?![\[\s])[^\[\]\n]+\]\]"
_LINK = r"(?<![\w\]!\[])\[\[(?![\[\s])[^\[\]\n]+\]\](?![(\[\]])"
_BLOCK_ID = (
    r"(?:(?<![^\n])|[ \t])\^(?:[A-Za-z][A-Za-z0-9-]+|[A-Za-z0-9-]{6,})[ \t]*"
    r"(?=\n[ \t]*(?:\n|[-*+>|]|\d{1,9}[.)])|\n?\Z)"
)
_FIELD = r"(?<=[\w*)\]])::(?=[ \t])"
_TAGS = (
    r"(?<![^\n])[ ]{0,3}#[A-Za-z][\w-]*(?:(?:/[\w-]+)+|(?:/[\w-]+)*(?:[ \t,]+#[A-Za-z][\w/-]*)+)"
    r"[ \t]*(?![^\n])"
)
# A search for a sign that then looks back is several times as fast as one from each line's start.
_TAGS_PROBE = re.compile(
    r"#(?:(?<![^\n]#)|(?<= #)(?<![^\n] #)|(?<=  #)(?<![^\n]  #)|(?<=   #)(?<![^\n]   #))"
    r"[A-Za-z][\w-]*[/ \t,]"
)
_NESTED_TAG = r"(?<![\w/&#])#[A-Za-z][\w-]*(?:/[A-Za-z0-9_-]+)+"
_CALLOUT = re.compile(r"\[!([\w -]{1,40})(?:\|[^\]\n]{0,80})?\][+-]?[ \t]*([^\n]*)(?:\n|\Z)")
_ONLY_LOOKS = re.compile(
    r"\s*(?:\d+(?:\s*x\s*\d+)?|left|right|center|inline|inlL|inlR|ctr|wrap[LR]?)\s*\Z"
)
_PICTURE = re.compile(r"\.(?:png|jpe?g|gif|bmp|svg|webp|avif|tiff?)\Z", re.I)
_SIZED = re.compile(r"[\[|]\s{0,9}\d{1,5}(?:x\d{1,5})?\s{0,9}\]\(")
_END_OF_SIZE = re.compile(r"\]\((?<=[\d\s]\]\()")
_SIZE_OF_ALT = re.compile(r"(?:\A|\s*\|\s*)\d{1,5}(?:x\d{1,5})?\s*\Z")


def extend(parser: MarkdownIt) -> None:
    """Read links, embeds, callouts and highlights as what they mean; the rest is silent."""
    add_markup(
        parser,
        Markup("%%", _COMMENT, silent("comment", "a comment")),
        Markup("%%", _COMMENT_IN_TEXT, silent("comment", "a comment")),
        Markup("![[", _EMBED, _embed),
        Markup("[[", _LINK, _link),
        Markup(
            "^",
            _BLOCK_ID,
            silent("block id", "an anchor for links"),
            re.compile(r"\^(?<=\s\^)[A-Za-z0-9]{2}"),
        ),
        Markup(":: ", _FIELD, _field),
        Markup(
            "#",
            _TAGS,
            silent("tags", "the note's tags"),
            _TAGS_PROBE,
        ),
        Markup("#", _NESTED_TAG, _nested_tag, re.compile(r"#[A-Za-z][\w-]*/")),
    )
    add_paired_sign(parser, "=")
    parser.core.ruler.after("block", "callouts", _callouts)
    parser.core.ruler.after("inline", "picture_sizes", _drop_picture_sizes)
    parser.core.ruler.push("custom_tasks", name_custom_tasks)


def _embed(raw: str) -> Meaning:
    target, *rest = re.split(r"\\?\|", raw[3:-2])
    source = target.split("#")[0].strip()
    if not _PICTURE.search(source):
        return Meaning((make.unspoken("embed", raw, "another note or file shown inside"),))
    words = [part.strip() for part in rest if not _ONLY_LOOKS.match(part)]
    return Meaning((make.picture(source, words[0] if words else ""),))


def _link(raw: str) -> Meaning | None:
    if raw.strip("[]_").lower() == "toc":
        return None  # the place of a table of contents
    target, *alias = re.split(r"\\?\|", raw[2:-2], maxsplit=1)
    words = alias[0].strip().strip("*_`") if alias else _words_of(target)
    return Meaning(make.linked(words, target.strip()), target=target.strip())


def _words_of(target: str) -> str:
    """Say a link without words: its note without folders, then the headings in it."""
    note, *headings = target.split("#")
    named = [note.rsplit("/", 1)[-1].removesuffix(".md"), *headings]
    said = ", ".join(part.strip() for part in named if part.strip() and part[:1] != "^")
    return said or "a part of this note"


def _field(_raw: str) -> Meaning:
    return Meaning((make.words(":"),))


def _nested_tag(raw: str) -> Meaning:
    return Meaning((make.words(raw.replace("/", " ")),))


def _callouts(state: StateCore) -> None:
    """Make admonitions of the quotations that begin with a callout's name."""
    if "[!" not in state.src:
        return
    done: list[Token] = []
    quotes: list[bool] = []
    skip_to = -1
    for at, token in enumerate(state.tokens):
        if at < skip_to:
            continue
        found = _callout_at(state.tokens, at) if token.type == "blockquote_open" else None
        if token.type == "blockquote_open":
            quotes.append(bool(found))
        if found:
            done += make.admonition_open(found[1].strip().lower(), found[2])
            rest = state.tokens[at + 2].content[found.end() :]
            state.tokens[at + 2].content = rest
            skip_to = at + (1 if rest.strip() else 4)
            continue
        is_callout = token.type == "blockquote_close" and quotes.pop()
        done.append(make.admonition_close() if is_callout else token)
    state.tokens = done


def _callout_at(tokens: list[Token], at: int) -> re.Match[str] | None:
    if at + 2 >= len(tokens) or tokens[at + 2].type != "inline":
        return None
    is_first = tokens[at + 1].type == "paragraph_open"
    return _CALLOUT.match(tokens[at + 2].content) if is_first else None


def _drop_picture_sizes(state: StateCore) -> None:
    """Drop the size from a picture's label: `![A cat|300](cat.png)`, `![300](cat.png)`."""
    if not _END_OF_SIZE.search(state.src) or not _SIZED.search(state.src):
        return
    for token in state.tokens:
        for child in token.children or ():
            if child.type == "image" and child.children and child.children[-1].type == "text":
                child.children[-1].content = _SIZE_OF_ALT.sub("", child.children[-1].content)

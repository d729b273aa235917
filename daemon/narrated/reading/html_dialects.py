"""Reads the dialects that exports leave in HTML: shortcodes, template tags, emoji codes, footnotes.

Their meanings are written as HTML before the page is parsed. Code and scripts keep theirs.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from functools import lru_cache
from html import escape, unescape
from importlib import import_module

from markdown_it import MarkdownIt

from narrated.reading import markdown
from narrated.reading.block_lines import BlockLines, LineShifts
from narrated.reading.dialects import emoji_codes, wordpress
from narrated.reading.dialects import tokens as make
from narrated.reading.dialects.placeholders import PLACEHOLDER, markups_of
from narrated.reading.dialects.source_cutting import OPEN, Cut, Markup, Meaning, cut
from narrated.reading.html_element_names import MARK, NOTE

_DIALECTS = ("zola", "hugo", "hexo", "liquid", "wordpress", "ejs")
_PROBE = re.compile(r"\{\{|\{%|\{#|<%|\$\$|\[\^|\[/?[a-z]|:[a-z][a-z0-9_+-]{1,49}:")
_KEPT = (
    r"<!--(?:(?!<!--|-->).)*-->"
    r"|<(?P<name>pre|code|script|style|textarea|svg|math)\b[^<>]*>(?:(?!</(?P=name)\b).)*"
)
_PART = re.compile(
    rf"(?P<kept>{_KEPT})|(?P<tag></?[A-Za-z][^<>]*>)|{PLACEHOLDER.pattern}", re.S | re.I
)
_EMOJI = r"(?<![\w:/&;=\"'.#-]):[a-z][a-z0-9_+-]{1,49}:(?![\w:/])"
_FORMULA = r"\$\$(?:(?!\$\$|\n[ \t]*\n|<).){1,2000}\$\$"
_TEX_SIGN = re.compile(r"[\\^_={}]|\A\s*\w\s*\Z")
_BREAK = re.compile(r"<br\s*/?>|</(?:p|div|li)>\s*", re.I)
_TAGS_BUT_PICTURES = re.compile(r"<(?!img\b)/?[A-Za-z][^<>]*>", re.I)
_CODE = re.compile(r"`([^`]*)`")
_DEFINITION = re.compile(
    r"<p\b[^<>]*>\s*\[\^(?P<label>[\w-]{1,40})\]:\s*(?P<text>(?:(?!</?p\b).)*)</p>", re.S | re.I
)
_CALL = re.compile(r"\[\^([\w-]{1,40})\](?!:)")
_NOTE = re.compile(
    r"\[(?P<name>footnote|efn_note|mfn|ref|fn|sidenote)\](?P<text>[^\[\]]{1,4000})\[/(?P=name)\]"
)
_END_OF_BLOCK = re.compile(r"</(?:p|li|blockquote|h[1-6]|td|div|article|body)>", re.I)


def with_dialects(
    html: str, off: frozenset[str] = frozenset(), places: BlockLines | None = None
) -> str:
    """Write the meanings of dialects into a page, except of those that are off.

    `places` learns which lines of the page became which.
    """
    if not _PROBE.search(html):
        return html
    if "[" in html:
        html = _with_notes(html, "wordpress" not in off)
    shifts = LineShifts()
    text, cuts = cut(html, _markups(off), shifts)
    filled = _with_meanings(text, cuts, off, places) if cuts else text
    if places is not None:
        places.add_shifts(shifts)
    return filled


def _with_meanings(
    text: str, cuts: Sequence[Cut], off: frozenset[str], places: BlockLines | None
) -> str:
    shifts = LineShifts()
    written: list[str] = []
    done = 0
    for found in _PART.finditer(text):
        filled = _filled(found, cuts, off)
        if filled == found[0]:
            continue
        before = text[done : found.start()]
        shifts.add(before, before)
        shifts.add(filled, found[0])
        written += [before, filled]
        done = found.end()
    if places is not None:
        places.add_shifts(shifts)
    return "".join([*written, text[done:]])


@lru_cache(maxsize=4)
def _markups(off: frozenset[str]) -> Sequence[Markup]:
    parser = MarkdownIt("commonmark")
    for dialect in _DIALECTS:
        if dialect not in off:
            import_module(f"narrated.reading.dialects.{dialect}").extend(parser)
    found = [_for_html(one) for one in markups_of(parser) if one.read is not wordpress.read_note]
    emoji = Markup(":", _EMOJI, _emoji, re.compile(_EMOJI, re.I))
    formula = Markup("$$", _FORMULA, _formula)
    found += [] if "emoji_codes" in off else [emoji]
    return (*found, *([] if "tex" in off else [formula]))


def _for_html(markup: Markup) -> Markup:
    """Have a markup read text in which HTML has escaped signs and written tags."""

    def read(raw: str) -> Meaning | None:
        meaning = markup.read(unescape(raw))
        if meaning and meaning.verbatim:
            meaning.verbatim = _of_html(meaning.verbatim)
        return meaning

    return replace(markup, read=read)


def _of_html(verbatim: Callable[[str], Meaning | None]) -> Callable[[str], Meaning | None]:
    def read(html: str) -> Meaning | None:
        bare = _TAGS_BUT_PICTURES.sub("", _BREAK.sub("\n", html))
        whole = verbatim(unescape(bare))
        if whole and whole.source:
            whole.source = _CODE.sub(lambda found: f"<code>{escape(found[1])}</code>", whole.source)
        return whole

    return read


def _formula(raw: str) -> Meaning | None:
    """Read `$$x^2$$`, which MathJax would show; `$$` of a price list stays."""
    text = unescape(raw[2:-2])
    return Meaning((make.formula(text),)) if _TEX_SIGN.search(text) else None


def _emoji(raw: str) -> Meaning | None:
    sign = emoji_codes.emoji_of(raw.strip(":"))
    return Meaning((make.words(sign),)) if sign else None


def _filled(found: re.Match[str], cuts: Sequence[Cut], off: frozenset[str]) -> str:
    written = found[0]
    if OPEN not in written and "%EF%B7%90" not in written:
        return written
    if found["kept"] is not None:
        return PLACEHOLDER.sub(lambda one: _cut_at(one, cuts).raw, written)
    if found["tag"] is not None:
        return PLACEHOLDER.sub(lambda one: _in_tag(_cut_at(one, cuts)), written)
    number = PLACEHOLDER.match(written)
    meaning = _cut_at(number, cuts).meaning if number else Meaning()
    return markdown.rendered(meaning.tokens, off)


def _cut_at(found: re.Match[str], cuts: Sequence[Cut]) -> Cut:
    number = int(found[1][:9])
    return cuts[number] if number < len(cuts) else Cut(found[0])


def _in_tag(one: Cut) -> str:
    """An address may begin with a template's expression; other markup is no markup in a tag."""
    return one.meaning.target if one.raw.startswith("{") else one.raw


def _with_notes(html: str, has_shortcodes: bool) -> str:
    """Write Markdown's footnotes, and those of WordPress's plugins, as our own elements."""
    if "[^" in html:
        html = _with_markdown_notes(html)
    if has_shortcodes and "[/" in html:
        html = "".join(_with_notes_in_place(html))
    return html


def _with_markdown_notes(html: str) -> str:
    labels = {found["label"] for found in _DEFINITION.finditer(html)}
    if not labels:
        return html
    html = _DEFINITION.sub(lambda found: _note(found["label"], found["text"]), html)
    return _CALL.sub(lambda found: _mark(found[1]) if found[1] in labels else found[0], html)


def _with_notes_in_place(html: str) -> Iterator[str]:
    """Yield a page whose notes stand after the block that holds them."""
    done, waiting = 0, ""
    for number, found in enumerate(_NOTE.finditer(html)):
        before = html[done : found.start()]
        end = _END_OF_BLOCK.search(before) if waiting else None
        yield f"{before[: end.end()]}{waiting}{before[end.end() :]}" if end else before
        waiting = "" if end else waiting
        label = f"in-place-{number}"
        yield _mark(label)
        waiting += _note(label, found["text"])
        done = found.end()
    end = _END_OF_BLOCK.search(html, done) if waiting else None
    rest = end.end() if end else len(html)
    yield f"{html[done:rest]}{waiting}{html[rest:]}"


def _mark(label: str) -> str:
    return f'<{MARK} label="{escape(label)}"></{MARK}>'


def _note(label: str, html: str) -> str:
    return f'<{NOTE} label="{escape(label)}"><p>{html}</p></{NOTE}>'

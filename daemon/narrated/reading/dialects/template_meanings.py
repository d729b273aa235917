"""The meanings of site generators' tags, by the names that generators and themes share.

A figure is a picture, `highlight` is code, a notice is an admonition; a tag with another name is
silent, and the text between a pair of such tags is read.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass

from narrated.reading.dialects import tokens as make
from narrated.reading.dialects.shortcode_arguments import Arguments
from narrated.reading.dialects.source_cutting import Meaning
from narrated.reading.html_element_names import names

_NAMED_ADMONITIONS = names("""
    note tip info warning danger caution important success error question hint example abstract
    bug failure attention seealso todo
    """)
_ADMONITIONS = names("notice admonition callout alert notification message box note-box")
_QUOTES = names("blockquote quote epigraph pullquote")
_TITLED = names("details expand collapse collapsible spoiler accordion accordion-item tab")
_PICTURES = names("""
    figure img image picture imgproc fig photo asset_img responsive_image respimg imgresize
    resize_image lightbox
    """)
_CODE = names("highlight code codeblock prompt terminal")
_SOURCES = names("""
    mermaid chart gravizo graphviz plantuml goat comment rawhtml raw-html html script style
    css js javascript stylesheet schema swig
    echarts plotly vega vega-lite apexchart chartjs markmap kroki flowchart sequence diagram
    """)
_FORMULAS = names("math katex mathjax katexmm latex")
_WORDS = names("kbd key keys abbr")
_EMBEDS = names("""
    youtube youtube-lite vimeo video audio gallery tweet x gist asciinema bilibili soundcloud
    spotify podcast embed iframe pdf carousel slideshow album photos peertube loom map mp3
    instagram mastodon codepen slides speakerdeck lite-youtube video-embed
    """)
_REFERENCES = names("""
    ref relref absurl relurl link post_url post_link asset_path asset_link static url
    """)
_RAW_PART = re.compile(
    r"(?P<code>^[ \t]*(?P<fence>```|~~~).*?(?:^[ \t]*(?P=fence)|\Z)|`[^`\n]*`|^(?: {4}|\t)[^\n]*)"
    r"|\{[{%](?:(?![%}]\}|\n|`).){0,300}[%}]\}",
    re.S | re.M,
)
_LINK = re.compile(r"\[([^\[\]]*)\]\([^()\s]*\)")
_SIGNS = re.compile(r"<[^<>]{1,300}>|(?<!\w)[*_`]{1,3}(?=\S)|(?<=\S)[*_`]{1,3}(?!\w)")
_PATH = re.compile(r"\A[^\s\"']+\.(?:png|jpe?g|gif|webp|svg|avif|bmp|tiff?)\Z", re.I)


@dataclass(frozen=True, slots=True)
class Tag:
    """A tag of a site generator."""

    name: str
    given: Arguments
    silent: make.Tokens
    """The tag, listed as not said."""
    group: str
    """The name that the tag's end closes."""
    end: re.Pattern[str]
    """The end of a verbatim text."""


def meaning_of(tag: Tag) -> Meaning:
    """Return the meaning of a tag."""
    read = _READERS.get(tag.name.replace("_", "-")) or _READERS.get(tag.name)
    return read(tag) if read else Meaning(tag.silent)


def admonition_with(kind: str, title: str, text: str) -> make.Tokens:
    """Make a whole admonition of a text that the parser reads next."""
    return (
        *make.admonition_open(kind, title),
        *make.paragraph(text),
        make.admonition_close(),
    )


def _picture(tag: Tag) -> Meaning:
    given = tag.given
    source = given.get(
        "src", "source", "url", "link", "image", "path", "file", "image_path", "img"
    ) or next(filter(_PATH.search, given.places), given.get(place=0))
    if not source:
        return Meaning(tag.silent)
    words = [each for each in given.places if " " in each and not each.startswith("(")]
    title, caption = given.get("title"), given.get("caption", "attr")
    alt = given.get("alt") or (words[0] if words else "")
    shown = make.picture(source, _plain(alt), _plain(title or caption))
    after = make.paragraph(caption) if caption and title else ()
    within = (shown, make.words(f" {_plain(caption)}")) if after else (shown,)
    return Meaning(within, (*make.paragraph("", (shown,)), *after), target=source)


def _plain(text: str) -> str:
    """Return the words of a text in Markdown or HTML, for a label."""
    return _SIGNS.sub("", _LINK.sub(r"\1", text))


def _admonition(tag: Tag) -> Meaning:
    kind, title = _kind_and_title(tag)
    if text := tag.given.get("content", "text"):
        return Meaning(tag.silent, admonition_with(kind, title, text))
    return Meaning(
        tag.silent,
        opens=tag.group,
        opening=make.admonition_open(kind, title),
        closing=(make.admonition_close(),),
    )


def _kind_and_title(tag: Tag) -> tuple[str, str]:
    title = tag.given.get("title", "heading", "header")
    kind = tag.given.get("type", "kind", "level", "style", place=0).lower()
    if kind in _NAMED_ADMONITIONS:  # `{{< notice tip >}}`, `{{< hint info >}}`
        named = (each for each in tag.given.places[1:] if each != "no-icon")
        return kind, title or next(named, "")
    own = "note" if tag.name in _ADMONITIONS else tag.name
    # Else the first place is a title, if it is no name of an icon or a colour.
    first = tag.given.get(place=0)
    is_title = tag.name not in _ADMONITIONS or " " in first
    return own, title or (first if is_title else "")


def _quote(tag: Tag) -> Meaning:
    author = tag.given.get("author", "cite", "source") or ", ".join(tag.given.places)
    after = make.paragraph(author) if author else ()
    opening, closing = (make.quote_open(),), (*after, make.quote_close())
    if text := tag.given.get("content", "text"):
        return Meaning(tag.silent, (*opening, *make.paragraph(text), *closing))
    return Meaning(tag.silent, opens=tag.group, opening=opening, closing=closing)


def _titled(tag: Tag) -> Meaning:
    title = tag.given.get("summary", "title", "name", "header", "label", "text")
    if language := tag.given.get("lang"):  # a tab of the theme Docsy holds code
        return _titled_code(tag, title, language)
    title = title or " ".join(tag.given.places)
    opening = make.paragraph(title) if title else make.paragraph("", tag.silent)
    if description := tag.given.get("description", "subtitle"):
        opening += make.paragraph(description)
    return Meaning(tag.silent, opening, opens=tag.group, opening=opening)


def _titled_code(tag: Tag, title: str, language: str) -> Meaning:
    def read(text: str) -> Meaning:
        block = make.code_block(text.strip("\n") + "\n", language)
        alone = (*make.paragraph(title), block) if title else (block,)
        return Meaning((make.code_span(text.strip()),), alone)

    return Meaning(tag.silent, until=tag.end, verbatim=read)


def _code(tag: Tag) -> Meaning:
    language = tag.given.get("language", "lang", place=0)

    def read(text: str) -> Meaning:
        block = make.code_block(text.strip("\n") + "\n", language)
        return Meaning((make.code_span(text.strip()),), (block,))

    return Meaning(tag.silent, until=tag.end, verbatim=read)


def _source(tag: Tag) -> Meaning:
    if tag.given.places and tag.name == "style":  # LoveIt's has a text between
        return Meaning(tag.silent)

    def read(text: str) -> Meaning:
        return Meaning((*tag.silent, make.unspoken(tag.name, text, "a source, not a text")))

    return Meaning(tag.silent, until=tag.end, verbatim=read)


def _raw(tag: Tag) -> Meaning:
    return Meaning(tag.silent, until=tag.end, verbatim=_shown_tags)


def _shown_tags(text: str) -> Meaning | None:
    """Take the tags that an author shows for code; what is code already stays."""
    if "{" not in text or "<" in text:
        return None
    shown = _RAW_PART.sub(lambda found: found[0] if found["code"] else f"`{found[0]}`", text)
    return Meaning(source=shown)


def _formula(tag: Tag) -> Meaning:
    def read(text: str) -> Meaning:
        return Meaning((make.formula(text),))

    return Meaning(tag.silent, until=tag.end, verbatim=read)


def _reference(tag: Tag) -> Meaning:
    words = tag.given.get("content", "text")
    tokens = (make.words(words),) if words else tag.silent
    return Meaning(tokens, target=tag.given.get("path", "href", place=0))


def _words(tag: Tag) -> Meaning:
    return Meaning(
        (make.words(tag.given.get("key", "keys", "text") or " ".join(tag.given.places)),)
    )


def _embed(tag: Tag) -> Meaning:
    """Say the title or the caption of what is shown from elsewhere."""
    return titled_embed(tag.given, tag.silent)


def titled_embed(given: Arguments, silent: make.Tokens) -> Meaning:
    """Return the meaning of something that only shows, and has a title, a caption, or both."""
    said = [_plain(given.get(key)) for key in ("title", "caption")]
    words = ". ".join(dict.fromkeys(each.strip(" .") for each in said if each.strip(" .")))
    if not any(sign.isalpha() for sign in words):
        return Meaning(silent)
    within = (*silent, make.words(f" {words} "))
    return Meaning(within, (*make.paragraph("", silent), *make.paragraph(words)))


Reader = Callable[[Tag], Meaning]

_READERS: dict[str, Reader] = {
    **dict.fromkeys(_PICTURES, _picture),
    **dict.fromkeys(_ADMONITIONS | _NAMED_ADMONITIONS, _admonition),
    **dict.fromkeys(_QUOTES, _quote),
    **dict.fromkeys(_TITLED, _titled),
    **dict.fromkeys(_CODE, _code),
    **dict.fromkeys(_SOURCES, _source),
    **dict.fromkeys(("raw", "verbatim"), _raw),
    **dict.fromkeys(_FORMULAS, _formula),
    **dict.fromkeys(_WORDS, _words),
    **dict.fromkeys(_REFERENCES, _reference),
    **dict.fromkeys(_EMBEDS, _embed),
}

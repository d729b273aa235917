"""WordPress: shortcodes in brackets (`[caption]`, `[gallery]`, `[sourcecode]`)."""

import re
from html import unescape

from markdown_it import MarkdownIt

from narrated.reading.dialects import tokens as make
from narrated.reading.dialects.placeholders import add_markup
from narrated.reading.dialects.shortcode_arguments import parse_arguments
from narrated.reading.dialects.source_cutting import Markup, Meaning
from narrated.reading.dialects.template_meanings import titled_embed
from narrated.reading.html_element_names import names

_KIND = "shortcode"
_REASON = "a shortcode of the site"
_LANGUAGES = names("""
    python php javascript js css html xml sql bash shell ruby java csharp c cpp perl json yaml go
    rust r scala lisp clojure haskell diff powershell objc swift kotlin typescript plain text
    """)
_VERBATIM = names("sourcecode code source-code crayon")
_FORMULAS = names("latex math katex tex")
_NOTES = ("footnote", "efn_note", "mfn", "ref", "fn", "sidenote", "footnotes")
"""Shortcodes of plugins, around a footnote."""
_KNOWN = names("""
    gallery youtube vimeo embed audio video playlist caption wp_caption contact-form contact-form-7
    tweet twitter instagram soundcloud slideshare spotify gist more nextpage
    jetpack_subscription_form sharethis googlemaps dailymotion ted wpvideo videopress
    archives su_button button
    ez-toc recent-posts subscribe paypal donate iframe scribd kickstarter polldaddy slideshow
    """)
_AROUND = names("""
    box note alert highlight dropcap column columns one_half one_third two_third tabs tab toggle
    accordion spoiler pullquote row col section tooltip lightbox
    """)
"""Shortcodes of common themes, around a text."""
_PAIRED = names("embed audio video playlist caption wp_caption gallery")
_EMBEDS = names(
    "gallery video audio playlist embed youtube vimeo wpvideo soundcloud slideshow iframe"
)
_VALUE = (
    r"(?:\"[^\"\[\]]{0,400}\"|'[^'\[\]]{0,400}'|“[^”\[\]]{0,400}”"
    r"|″[^″\[\]]{0,400}″|[^\s\"'\[\]]{1,400})"
)
_ARGUMENTS = rf"(?:\s{{1,9}}(?:[\w:-]{{1,40}}={_VALUE}|https?:[^\s\[\]]{{1,400}}))"
_NO_LINK, _NO_LABEL = r"(?![(\[:{])", r"(?<![\]\w])"
_OPENING = rf"(?<!\w)\[[a-z][a-z0-9_-]{{1,30}}{_ARGUMENTS}{{1,20}}\s{{0,9}}/?\](?![(:{{])"
_PROBE = r"\[[a-z][a-z0-9_-]{1,30}\s{1,9}(?:[\w:-]{1,40}=|https?:)"
_CLOSING = r"\[/[a-z][a-z0-9_-]{0,30}\](?![(:{])"
_EMBEDDED = (
    r"\[(?:youtube|vimeo|wpvideo|videopress|tweet|instagram|soundcloud|slideshare|spotify|gist"
    r"|dailymotion|ted|googlemaps|polldaddy|scribd|kickstarter)"
    r"(?:=[^\s\[\]]{1,400}|\s(?=[^\s\[\]]{0,99}\d)[^\s\[\]]{1,400})\](?![(:{])"
)
"""Embeds with a bare argument: `[youtube=https://…]`, `[tweet 12345]`."""
_AROUND_TEXT = r"(?<!\w)\[[a-z][a-z0-9_-]{0,30}\](?![(:{])"
_AROUND_PROBE = re.compile(r"\[/[a-z][a-z0-9_-]{0,30}\]")
_NOTE = rf"\[(?:{'|'.join(_NOTES)})\]"
_EMPTY_LINES = re.compile(r"\s*\n\s*\n\s*")
_BARE_NAMES = "|".join(sorted(_KNOWN | _VERBATIM | _LANGUAGES | _FORMULAS))
_BARE = rf"{_NO_LABEL}\[(?:{_BARE_NAMES})\s{{0,3}}/?\]{_NO_LINK}"
_NAME = re.compile(r"\[(/?)([a-z][a-z0-9_-]*)(.*?)/?\]\Z", re.S)
_PICTURE = re.compile(
    r"\s*(?:<a\b[^<>]{0,400}>)?\s*<img\b(?P<given>[^<>]{0,900}?)/?>\s*(?:</a>)?"
    r"|\s*!\[(?P<alt>[^\[\]]{0,400})\]\((?P<source>[^\s()]{1,400})[^()]{0,200}\)"
)


def extend(parser: MarkdownIt) -> None:
    """Read shortcodes as what they mean."""
    add_markup(
        parser,
        Markup("[/", _CLOSING, _closing),
        Markup("[/", _NOTE, read_note),
        Markup("[", _EMBEDDED, lambda raw: Meaning(_silent(raw)), re.compile(_EMBEDDED)),
        Markup("[", _OPENING, _shortcode, re.compile(_PROBE)),
        Markup("[", _BARE, _bare, re.compile(_BARE.removeprefix(_NO_LABEL))),
        Markup("[/", _AROUND_TEXT, _around, _AROUND_PROBE),
    )


def _closing(raw: str) -> Meaning:
    name = raw[2:-1]
    # Alone, a joke such as `[/rant]` is text; a name with a sign belongs to a plugin.
    is_known = name in _KNOWN | _VERBATIM | _LANGUAGES | _AROUND or re.search("[_-]", name)
    return Meaning(_silent(raw), closes=f"[{name}]", needs_end=not is_known)


def _around(raw: str) -> Meaning:
    """Read an unknown name in brackets, which is a shortcode if its end is there, too."""
    return Meaning(_silent(raw), opens=raw, needs_end=True)


def read_note(raw: str) -> Meaning:
    """Read a plugin's footnote in place as Pandoc's: `^[words]`."""

    def read(text: str) -> Meaning:
        balanced = text if text.count("[") == text.count("]") else re.sub(r"[\[\]]", "", text)
        return Meaning(source=f"^[{_EMPTY_LINES.sub(' ', balanced.strip())}]")

    until = re.compile(re.escape(f"[/{raw[1:]}"))
    return Meaning(until=until, verbatim=read, needs_end=True)


def _bare(raw: str) -> Meaning | None:
    """Read a shortcode without arguments, which must be a known one."""
    name = raw.strip("[]/ ")
    if name in _PAIRED | _VERBATIM | _LANGUAGES | _FORMULAS:
        # `[code]` alone may be a word in brackets.
        return _paired(name, "", raw, lone=None if name != "gallery" else _silent(raw))
    return Meaning(_silent(raw))


def _shortcode(raw: str) -> Meaning | None:
    found = _NAME.match(raw)
    if found is None:
        return None
    name, arguments = found[2], found[3]
    # `[see a=b]` is no shortcode; a plugin's name, or a value in quotation marks, makes one.
    is_known = name in _KNOWN | _VERBATIM | _LANGUAGES | _AROUND
    is_closed = raw.endswith("/]")
    if not is_known and not is_closed and not re.search("[-_\"'“″]", name + arguments):
        return None
    return _paired(name, arguments, raw, lone=_silent(raw))


def _silent(raw: str) -> make.Tokens:
    return (make.unspoken(_KIND, raw, _REASON),)


def _paired(name: str, arguments: str, raw: str, lone: make.Tokens | None) -> Meaning:
    """Read a shortcode with what stands before its end; `lone` is its meaning without an end."""
    until = re.compile(rf"\[/{re.escape(name)}\]")
    alone = (make.words(raw),) if lone is None else lone
    if name in _VERBATIM or (name in _LANGUAGES and not arguments.strip()):
        given = parse_arguments(arguments)
        language = given.get("language", "lang", place=0) or (name if name in _LANGUAGES else "")

        def code(text: str) -> Meaning:
            block = make.code_block(unescape(text.strip("\n")) + "\n", language)
            return Meaning((make.code_span(unescape(text.strip())),), (block,))

        return Meaning(alone, until=until, verbatim=code)
    if name in _FORMULAS:
        return Meaning(alone, until=until, verbatim=_formula)
    if name in ("caption", "wp_caption"):
        title = parse_arguments(arguments).get("caption")
        return Meaning(alone, until=until, verbatim=lambda text: _caption(text, title))
    titled = titled_embed(parse_arguments(arguments), _silent(raw)) if name in _EMBEDS else None
    if titled and titled.alone and name not in _PAIRED:
        return titled
    if name in _PAIRED:

        def embedded(text: str) -> Meaning:
            return Meaning((make.unspoken(_KIND, f"{raw}{text}", "embedded content"),))

        shown = titled if titled and titled.alone else Meaning(alone)
        return Meaning(shown.tokens, shown.alone, until=until, verbatim=embedded)
    return Meaning(alone, opens=f"[{name}]")


def _formula(text: str) -> Meaning:
    return Meaning((make.formula(text),))


def _caption(text: str, title: str) -> Meaning | None:
    """Read a picture with its caption, which stands after it or in an argument."""
    found = _PICTURE.match(text)
    if found is None:
        return None
    given = parse_arguments(found["given"] or "")
    source = found["source"] or given.get("src", "data-src")
    shown = make.picture(source, unescape(found["alt"] or given.get("alt")))
    caption = text[found.end() :].strip() or title
    after = make.paragraph(caption) if caption else ()
    within = (shown, make.words(f" {caption}"))
    return Meaning(within, (*make.paragraph("", (shown,)), *after))

"""Tables of HTML element names: blocks, inline elements, unspoken elements."""


def names(text: str) -> list[str]:
    """Split a table of names that is written as one text."""
    return text.split()


HEADINGS = {"h1": 1, "h2": 2, "h3": 3, "h4": 4, "h5": 5, "h6": 6}
LISTS = frozenset({"ul", "ol", "menu", "dir"})
CODE = frozenset({"code", "kbd", "samp", "tt", "var"})
EMPHASIS = frozenset({"em", "i", "cite", "dfn"})
STRONG = frozenset({"strong", "b"})
STRUCK = frozenset({"del", "s", "strike"})

# Our own elements: the Markdown reader writes them where HTML has none.
NOTE = "narrated-note"
MARK = "narrated-mark"
MATH = "narrated-math"

UNSPOKEN = {
    "script": "a program of the page",
    "style": "the page's looks",
    "template": "not part of the page until a program uses it",
    "noscript": "meant for browsers without scripts",
    "form": "a form to fill in",
    "input": "a form's field",
    "button": "a button",
    "select": "a form's field",
    "textarea": "a form's field",
    "svg": "a drawing",
    "canvas": "a drawing",
    "iframe": "another page shown inside",
    "object": "embedded content",
    "embed": "embedded content",
    "video": "a video",
    "audio": "a recording",
    "dialog": "a dialog",
    "datalist": "a form's field",
    "nav": "navigation",
    "head": "about the page, not of it",
}
PAGE_FRAME = {
    "header": "the page's head, not its text",
    "footer": "the page's foot, not its text",
    "aside": "beside the text",
}
"""Elements that are skipped too in a page without a marked article."""

BLOCKS = frozenset(
    names("""
    address article aside blockquote body center dd details dir div dl dt fieldset figcaption
    figure footer form h1 h2 h3 h4 h5 h6 header hgroup hr html legend li main menu nav ol p pre
    search section summary table tbody td tfoot th thead tr ul caption dialog
    """)
) | {NOTE}

INLINE = frozenset(
    names("""
    a abbr acronym area audio b base bdi bdo big br button canvas cite code col colgroup data
    datalist del dfn em embed font frame frameset head i iframe img input ins kbd label link map
    mark meta meter noscript object optgroup option output param picture progress q rp rt ruby s
    samp script select slot small source span strike strong style sub sup svg template textarea
    time title track tt u var video wbr math
    """)
)

KNOWN = BLOCKS | INLINE
"""All elements of HTML; `List<String>` in a sentence is none of them."""

SWALLOWING = frozenset(
    names("""
    script style textarea title xmp iframe noembed noframes plaintext noscript select template
    object math
    """)
)
"""Elements that swallow the rest of the page if they are left open."""

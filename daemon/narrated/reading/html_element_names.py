"""Names of HTML elements: blocks, inline elements, and our own."""


def names(text: str) -> frozenset[str]:
    """Return the names of a table that is written as one text."""
    return frozenset(text.split())


STRUCK = frozenset({"del", "s", "strike"})
HEADINGS = names("h1 h2 h3 h4 h5 h6")

# Our own elements: the Markdown reader writes them where HTML has none.
NOTE = "narrated-note"
MARK = "narrated-mark"
MATH = "narrated-math"
UNSPOKEN = "narrated-unspoken"
ADMONITION = "narrated-admonition"
ADMONITION_TITLE = "narrated-admonition-title"

BLOCKS = {NOTE, ADMONITION, ADMONITION_TITLE} | names("""
    address article aside blockquote body center dd details dir div dl dt fieldset figcaption
    figure footer form h1 h2 h3 h4 h5 h6 header hgroup hr html legend li main menu nav ol p pre
    search section summary table tbody td tfoot th thead tr ul caption dialog
    """)
KNOWN = BLOCKS | names("""
    a abbr acronym area audio b base bdi bdo big br button canvas cite code col colgroup data
    datalist del dfn em embed font frame frameset head i iframe img input ins kbd label link map
    mark meta meter noscript object optgroup option output param picture progress q rp rt ruby s
    samp script select slot small source span strike strong style sub sup svg template textarea
    time title track tt u var video wbr math
    """)
"""All elements of HTML; `List<String>` in a sentence is none of them."""
SWALLOWING = names("""
    script style textarea title xmp iframe noembed noframes plaintext noscript select template
    object math
    """)
"""Elements that swallow the rest of the page if they are left open."""

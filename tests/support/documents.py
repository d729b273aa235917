"""Documents of every kind of block and span, drawn by hypothesis; no two words are alike."""

from hypothesis import strategies as st

from narrated.reading import document as doc
from narrated.script.script import ReadingSettings

ANY_SETTINGS = st.builds(
    ReadingSettings,
    links=st.sampled_from(["text", "announce"]),
    code=st.sampled_from(["announce", "read", "skip"]),
    footnotes=st.sampled_from(["paragraph", "end", "skip"]),
)


def words(number):
    """Two words that occur nowhere else; letters alone, which have one spoken form."""
    letters = "".join(chr(ord("a") + int(digit)) for digit in str(number))
    return f" x{letters}x y{letters}y "


TEXT = st.builds(lambda number: doc.Text(words(number)), st.integers(0, 99_999))
MARKS = st.builds(doc.FootnoteMark, st.sampled_from(["1", "2", "3"]))
SPAN = st.recursive(
    TEXT,
    lambda inner: st.one_of(
        st.builds(doc.Emphasis, st.tuples(inner, inner)),
        st.builds(doc.Link, st.tuples(inner), st.just("http://a.b")),
        st.builds(doc.Deleted, st.tuples(inner)),
        st.builds(doc.Formatted, st.tuples(inner), st.sampled_from(["sub", "mark"])),
        st.builds(doc.Foreign, st.tuples(inner), st.sampled_from(["fr", "de", ""])),
        st.builds(lambda number: doc.InlineCode(words(number)), st.integers(0, 99_999)),
        st.builds(doc.InlinePicture, st.sampled_from(["a.png", "b.png"]), st.just("alt")),
        MARKS,
        st.just(doc.LineBreak()),
        st.just(doc.InlineMath("x")),
    ),
    max_leaves=4,
)
SPANS = st.lists(SPAN, max_size=4).map(
    lambda spans: tuple(one for span in spans for one in (span, doc.Text(" ")))
)
CELLS = st.lists(st.builds(doc.Cell, SPANS), max_size=3).map(tuple)
LEAF = st.one_of(
    st.builds(doc.Heading, st.integers(1, 6), SPANS),
    st.builds(doc.Paragraph, SPANS),
    st.builds(doc.Code, st.sampled_from(["a\nb", " "]), st.sampled_from(["", "c"])),
    st.builds(doc.Table, CELLS, st.lists(CELLS, max_size=3).map(tuple)),
    st.builds(doc.Picture, st.sampled_from(["a.png", "b.png"]), st.sampled_from(["", "alt"])),
    st.just(doc.Rule()),
    st.just(doc.Math("x")),
    st.builds(doc.Unspoken, st.just("comment"), st.just("a comment"), st.just("t")),
)
TASKS = st.sampled_from([None, None, True, False])
BLOCK = st.recursive(
    LEAF,
    lambda inner: st.one_of(
        st.builds(doc.Quote, st.lists(inner, max_size=3).map(tuple)),
        st.builds(doc.Admonition, st.just("tip"), SPANS, st.lists(inner, max_size=3).map(tuple)),
        st.builds(doc.Footnote, st.sampled_from("1234"), st.lists(inner, max_size=2).map(tuple)),
        st.builds(
            doc.Listing,
            st.lists(st.builds(doc.Item, st.lists(inner, max_size=2).map(tuple), TASKS)).map(tuple),
            st.booleans(),
        ),
    ),
    max_leaves=8,
)
DOCUMENT = st.builds(
    doc.Document,
    st.just("text"),
    st.just("Title"),
    st.sampled_from(["front matter", "heading", "page", "name"]),
    st.lists(BLOCK, max_size=6).map(tuple),
)

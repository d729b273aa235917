"""No word is lost between any source and its script."""

import re
from itertools import count
from typing import get_args

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from narrated.errors import SourceError
from narrated.reading import document as doc
from narrated.reading.source_reader import read
from narrated.script.builder import build_script
from narrated.script.lexicon import Lexicon
from narrated.script.script import ReadingSettings
from support.documents import ANY_SETTINGS, BLOCK, DOCUMENT, MARKS, SPAN


def blocks(found, together=False):
    """Every block at any depth in source order, with True if it is said with another block."""
    for block in found:
        yield block, together
        inner = getattr(block, "blocks", ())
        for item in getattr(block, "items", ()):
            inner += item.blocks
        # A short quotation is one line, so is a note's beginning, and an unread footnote one skip.
        whole = isinstance(block, doc.Quote | doc.Admonition | doc.Footnote)
        yield from blocks(inner, together or whole)


@settings(deadline=None, max_examples=150)
@given(DOCUMENT, ANY_SETTINGS)
def test_every_block_is_accounted_for(document, choice):
    """Every block is spoken announced or listed with a reason."""
    script = build_script(document, {}, Lexicon.parse([]), choice, str)
    accounted = {line.block for line in script.lines} | {skip.block for skip in script.skipped}
    for number, (block, together) in enumerate(blocks(document.blocks)):
        is_outer = isinstance(block, doc.Listing) and any(item.blocks for item in block.items)
        assert number in accounted or together or is_outer, block
    assert all(skip.reason and skip.kind for skip in script.skipped)


WORD = r"\b[xy][a-j]+[xy]\b"


def spoken_words(block):
    """The words that must be heard of a block, in order."""
    if isinstance(block, doc.Unspoken | doc.Code | doc.Math | doc.Rule | doc.Footnote):
        return []
    return re.findall(WORD, msgspec.json.encode(block).decode())


def without_footnotes(document):
    kept = tuple(block for block in document.blocks if "Footnote" not in str(block))
    return msgspec.structs.replace(document, blocks=kept)


@settings(deadline=None, max_examples=90)
@given(DOCUMENT)
def test_all_words_heard_once_in_order(document):
    """All words are heard once and in their order."""
    document = without_footnotes(document)
    script = build_script(document, {}, Lexicon.parse([]), ReadingSettings(), str)
    heard = re.findall(WORD, " ".join(line.text for line in script.lines))
    tables = [block for block in document.blocks if "Table" in str(block)]
    wanted = [word for block in document.blocks for word in spoken_words(block)]
    # A table's header is heard again with every row, so only order and number differ there.
    assert set(heard) == set(wanted) if tables else heard == wanted


ANNOUNCEMENTS = """
title|a longer quotation|end of quotation|quote|a table of|rows?|empty|a formula|an image
images|labelled|alt|link in post|struck out|code|in C|lines?|footnote|done|to do|tip
a|b|end of code|point|x
eleven|twelve|[a-z]+teen|twenty
zero|one|two|three|four|five|six|seven|eight|nine|ten
"""
ANNOUNCED = re.compile(
    rf"\b(?:{ANNOUNCEMENTS.strip().replace(chr(10), '|')})\b", flags=re.IGNORECASE
)


@settings(deadline=None, max_examples=90)
@given(DOCUMENT, ANY_SETTINGS)
def test_no_other_word_is_heard(document, choice):
    """The script holds only the source's words and announcements."""
    script = build_script(document, {}, Lexicon.parse([]), choice, str)
    heard = " ".join(line.text for line in script.lines)
    assert not re.search(r"\w", ANNOUNCED.sub("", re.sub(WORD, "", heard)))


@settings(deadline=None, max_examples=90)
@given(DOCUMENT)
def test_footnotes_are_heard_or_listed(document):
    """Every footnote's words are heard once or listed."""
    script = build_script(document, {}, Lexicon.parse([]), ReadingSettings(), str)
    heard = re.findall(WORD, " ".join(line.text for line in script.lines))
    listed = " ".join(skip.text for skip in script.skipped)
    for block, _ in blocks(document.blocks):
        if isinstance(block, doc.Footnote):
            for word in re.findall(WORD, msgspec.json.encode(block).decode()):
                assert word in heard or word in listed or "…" in listed


def test_documents_use_every_kind():
    """The documents above use every kind of block and span."""
    kinds = {kind.__name__ for kind in (*get_args(doc.Blocks), *get_args(doc.Spans))}
    assert {name for name in kinds if name not in f"{BLOCK}{SPAN}{MARKS}"} == set()


MARKUP = r"""
- |> |# |1. |    |*|**|_|[|]|(|)|~~ |\|![|&|<b>|</b>|<div>|</div>|<p>|<ul><li>|</ul>|<T>|<br>|^[|$
<blockquote>|<td>|<pre>|</pre>|`` |<table>|<tr>|</table>|<dl><dt>|<dd>|<h2>|</h2>|<a href=x>|</a>
<span>|</span>|<q>|<sup>|<figure>|<summary>|<em>|</em>|<code>|</code>|<li>|</li>|<ol start=3>
"""
PIECES = st.sampled_from(
    [*re.split(r"[|\n]", MARKUP), "---\n", *["\n"] * 3, "\n\n", " ", " ", *["WORD"] * 8]
)


def numbered(pieces):
    numbers = count()
    return "".join(f"q{next(numbers)}q" if piece == "WORD" else piece for piece in pieces)


@settings(deadline=None, max_examples=200)
@given(st.lists(PIECES, max_size=40).map(numbered), st.sampled_from(["a.md", "a.html", "a.txt"]))
def test_reading_loses_no_word(text, name):
    """No word of a text is lost in reading it."""
    try:
        document = read(text.encode(), name)
    except SourceError as error:
        assert "nothing to say" in error.problem
        assert not re.search(r"q\d", text)
        return
    kept = msgspec.json.encode(document).decode()
    assert [word for word in re.findall(r"q\d+q", text) if word not in kept] == []


LETTERS = str.maketrans("0123456789", "abcdefghij")


@settings(deadline=None, max_examples=200)
@given(st.lists(PIECES, max_size=40).map(numbered), st.sampled_from(["a.md", "a.html", "a.txt"]))
def test_script_loses_no_word(text, name):
    """No word of a text is lost in its script."""
    text = text.translate(LETTERS)
    try:
        document = read(text.encode(), name)
    except SourceError:
        return
    script = build_script(document, {}, Lexicon.parse([]), ReadingSettings(), str)
    heard = " ".join(line.text for line in script.lines).lower()
    unheard = [block for block, _ in blocks(document.blocks) if not spoken_words_of(block)]
    formulas = re.findall(r"InlineMath\(text='([^']*)'", str(document))
    kept = msgspec.json.encode([*unheard, script.skipped, formulas]).decode()
    lost = [
        word for word in re.findall(r"q[a-j]+q", text) if word not in heard and word not in kept
    ]
    assert lost == []


def spoken_words_of(block):
    return not isinstance(block, doc.Unspoken | doc.Code | doc.Footnote | doc.Math)

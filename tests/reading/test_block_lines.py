"""Blocks know the lines of the source in which they stand."""

import pytest

from narrated.reading.document import Blocks, Document, Paragraph, plain
from narrated.reading.source_reader import read
from narrated.script.traversal import numbered_blocks

MARKDOWN = """---
title: A post
---
# First

A paragraph
of three
lines.

- one
- two
  goes on

  > quoted

```python
import os

os.getcwd()
```

| A | B |
|---|---|
| 1 | 2 |

Last[^a].

[^a]: A note.
"""
PAGE = """<html><head><title>T</title></head>
<body><main>
<h1>First</h1>
<p>A paragraph
of two lines.

<p>Another,
&amp; <em>more</em>
<div>Loose words
<ul>
<li>one
<li>two</ul>
and more</div>
</main></body></html>
"""


def described(document: Document) -> list[tuple[str, int, int]]:
    """Name each block that has words of its own, with its lines."""
    return [(_words(block), *document.lines[number]) for number, block in numbered_blocks(document)]


def _words(block: Blocks) -> str:
    if isinstance(block, Paragraph):
        return plain(block.spans)
    return type(block).__name__


def test_blocks_of_markdown_have_lines() -> None:
    """Each block of a Markdown text has its first and last line, front matter counted."""
    assert described(read(MARKDOWN.encode(), "post.md")) == [
        ("Heading", 4, 4),
        ("A paragraph of three lines.", 6, 8),
        ("Listing", 10, 14),
        ("one", 10, 10),
        ("two goes on", 11, 12),
        ("Quote", 14, 14),
        ("quoted", 14, 14),
        ("Code", 16, 20),
        ("Table", 22, 24),
        ("Last.", 26, 26),
        ("Footnote", 28, 28),
        ("A note.", 28, 28),
    ]


def test_blocks_of_a_page_have_lines() -> None:
    """Each block of a page has its lines, also where no end tag tells where it ends."""
    found = described(read(PAGE.encode(), "post.html"))
    assert [one for one in found if one[1]] == [
        ("Heading", 3, 3),
        ("A paragraph of two lines.", 4, 5),
        ("Another, & more", 7, 8),
        ("Loose words", 9, 9),
        ("Listing", 10, 12),
        ("one", 11, 11),
        ("two", 12, 12),
        ("and more", 13, 13),
    ]


def test_plain_paragraphs_have_lines() -> None:
    """Each paragraph of a plain text has its lines."""
    found = described(read(b"\n\n One\ntwo.\n \n\n* * *\n\nThree.", "post.txt"))
    assert found == [("One two.", 3, 4), ("Rule", 7, 7), ("Three.", 9, 9)]


@pytest.mark.parametrize("name", ["post.md", "post.html"])
def test_cut_markup_moves_no_line(name: str) -> None:
    """Blocks after markup of many lines, which is cut out before reading, have their own lines."""
    markup = "{# a\nlong\ncomment #}"
    written = ["One.", markup, "Two {{<\nb\n>}} more.", "Three."]
    source = "\n\n".join(f"<p>{one}</p>" if name.endswith("l") else one for one in written)
    found = {words[:5]: lines for words, *lines in described(read(source.encode(), name))}
    assert found["One."] == [1, 1]
    assert found["Three"] == [11, 11]


def test_lines_end_as_in_windows() -> None:
    """Line ends of Windows count once."""
    document = read(b"One.\r\n\r\nTwo\r\nlines.\r\n", "post.md")
    assert described(document) == [("One.", 1, 1), ("Two lines.", 3, 4)]


def test_inline_note_has_no_lines() -> None:
    """A note that is written in its sentence has no lines of its own."""
    found = described(read(b"One.^[A note.]\n\nTwo.\n", "post.md"))
    assert found[-1] == ("A note.", 0, 0)
    assert found[:2] == [("One.", 1, 1), ("Two.", 3, 3)]

"""An episode is described by the first paragraph as it is written, without the voice's words."""

import pytest

from narrated.post_html.opening_words import opening_words
from support.page_texts import html_of


@pytest.mark.parametrize(
    ("text", "opening"),
    [
        ("Text before ![an evil svg](e.svg) text *after*.\n\nMore.", "Text before text after."),
        ("It costs $5[^a], `x = 1` & $x^2$ ~~no~~.\n\n[^a]: Note.", "It costs $5, x = 1 & x^2 ."),
        ("## Head\n\n```\ncode\n```\n\n![cup](c.png)\n\n- [x] one\n  - two", "one"),
        ("> [!NOTE]\n> Hot.\n\nAfter.", "Hot."),
        ("```\ncode\n```\n\n![cup](c.png)\n", ""),
    ],
)
def test_opening_is_written(text, opening):
    """It has the author's words, without pictures, calls of footnotes, and struck-out ones."""
    assert opening_words(html_of(f"# Title\n\n{text}\n")) == opening


def test_opening_of_a_long_text_is_soon():
    """No more of a text is read than its beginning; an end without words is not waited for."""
    assert opening_words("<p></p>" * 20_000 + "<p>It.</p>" + "<p>x</p>" * 100_000) == "It."

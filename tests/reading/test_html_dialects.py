"""Dialects that exports leave in HTML are read as what they mean."""

import pytest

from support.dialect_posts import script


def said(html: str, off: frozenset[str] = frozenset()) -> list[str]:
    page = f"<html><body><article>{html}</article></body></html>"
    return [line.text for line in script(page, off, "a.html").lines[1:]]


@pytest.mark.parametrize(
    ("html", "words"),
    [
        ("<p>On {{ page.title }} {% include x.html %}it rained.</p>", ["On it rained."]),
        ("<p>{{< figure src='a.png' caption='On a mat' >}}</p>", ["An image: On a mat."]),
        (
            '<p>[caption id="x"]<img src="a.png" alt="A cat"> A <em>mat</em>[/caption]</p>',
            ["(an image: A cat) A mat"],
        ),
        ("<p>One.</p><p>[gallery ids=&quot;1,2&quot;]</p>", ["One."]),
        ("<p>[su_note]Words.[/su_note]</p>", ["Words."]),
        ("<p>Done :tada: now.</p>", ["Done party popper now."]),
        ("<p>On <%= today %> it rained.</p>", ["On it rained."]),
        ("<p>So $$x^2$$ is, for $$ and $$$.</p>", ["So a formula is, for $$ and $$$."]),
        ("<p>{% highlight py %}</p><p>a &lt; b</p><p>{% endhighlight %}</p>", ["a less than b"]),
        ("<p>Here[^1].</p><p>[^1]: A note.</p>", ["Here.", "Footnote: A note."]),
        (
            "<p>So [mfn]a <b>note</b>[/mfn] is.</p><p>End.</p>",
            ["So is.", "Footnote: a note", "End."],
        ),
        ('<p><a href="{{ site.baseurl }}/a">Words</a> stay.</p>', ["Words stay."]),
    ],
)
def test_dialects_in_html_are_read(html: str, words: list[str]) -> None:
    """Shortcodes, template tags, emoji codes, formulas and footnotes are no text of a page."""
    assert said(html) == words


@pytest.mark.parametrize(
    "html",
    [
        "<pre>{{ x }} [gallery] :tada:</pre>",
        "<p><code>{% x %}</code> it is.</p>",
        "<script>a = '{{ x }}:tada:'</script><p>Words.</p>",
        "<p>Take [a] or [b], at 10:30:45, see [^1].</p>",
        '<p title=":tada:">Words [sic].</p>',
    ],
)
def test_code_and_words_stay(html: str) -> None:
    """Code keeps its marks, and so do words that only look like marks."""
    off = frozenset({"hugo", "zola", "hexo", "liquid", "wordpress", "ejs", "emoji_codes"})
    assert said(html) == said(html, off)


def test_dialects_of_html_turned_off() -> None:
    """A dialect that is off is text in HTML too."""
    assert said("<p>Done :tada:.</p>", frozenset({"emoji_codes"})) == ["Done :tada:."]

"""Markup is cut out before Markdown is parsed, and comes back as what it means."""

import time

import pytest

from narrated.reading.markdown import blocks
from support.dialect_posts import listed, said


def test_markup_in_targets_leaves_links():
    """A link with markup in its target stays a link."""
    assert said('See [the guide]({{< ref "guide.md" >}}) and ![a]({{< ref "b.png" >}}).') == [
        "See the guide and (an image: a)."
    ]


def test_markup_in_html_is_no_text():
    """Markup in raw HTML is silent, in its tags and between them."""
    assert said('<div class="{{< a >}}">\nOne {{< b >}} two\n</div>') == ["One two"]
    assert said('So <a href="{{< ref "x" >}}">it</a> is.') == ["So it is."]


@pytest.mark.parametrize(
    "code",
    [
        "```md\n{{< x >}}\n{{< notice >}}\n```",
        "~~~\n{{< x >}}\n```\n{{< y >}}\n~~~",
        "    {{< x >}}\n    {{< y >}}",
        "> ```\n> {{< x >}}\n> {{< y >}}\n> ```",
        "<pre>\n{{&lt; x >}}\n{{< y >}}\n</pre>",
    ],
)
def test_code_keeps_its_markup(code):
    """A block of code keeps all of its lines, whatever stands in them."""
    (found,) = (each for each in blocks(code, "a.md") if not hasattr(each, "spans"))
    inner = getattr(found, "blocks", (found,))[0].text
    assert [line.replace("\u003c", "<") for line in inner.splitlines() if "{{" in line][:1]
    assert "{{< y >}}" in inner or "{{< notice >}}" in inner
    assert listed(code) == []


def test_inline_code_keeps_its_markup():
    """Code inside a sentence keeps its markup, also with several ticks."""
    assert said("Use `{{< x >}}` or ``{{< `y` >}}``.") == [
        "Use less than x greater than or less than y greater than."
    ]


def test_code_span_ends_at_its_block():
    """A lone tick hides no markup in later paragraphs."""
    assert said("A lone ` tick.\n\nHere {{< x >}} and ` another.") == [
        "A lone tick.",
        "Here and another.",
    ]


def test_container_ends_inside_its_list():
    """A container in a list item stays in it."""
    text = "- {{< tip >}}In a list.{{< /tip >}}\n- two\n\nAfter."
    assert said(text) == ["Tip: In a list.", "two", "After."]


def test_crossing_containers_keep_words():
    """Containers that cross a block's border lose no word."""
    assert said("> {{< tip >}}\n> quoted\n\nbetween {{< /tip >}} after") == [
        "Quote: quoted",
        "between",
        "after",
    ]


NASTY = [
    "{{< ",
    "{{< x >}} ",
    "{{< tip >}}\n",
    "{{< highlight >}}\n",
    "{{< /tip >}}\n",
    "`{{< ",
    "```\n{{<",
    "> {{< tip >}}\n",
    "<!-- {{< a >}} ",
    "\\{{<",
    '{{< x y="',
    "{{< tip >}}x{{< /tip >}}",
]


@pytest.mark.parametrize("part", NASTY)
def test_nasty_markup_takes_linear_time(part):
    """Markup without an end, many times over, takes time in proportion to the text."""

    def spent_s(times):
        began_s = time.process_time()
        blocks(part * times, "a.md")
        return time.process_time() - began_s

    spent_s(100)
    # Ten times the text: quadratic time would be a hundred times as long.
    assert spent_s(3_000) < 40 * spent_s(300) + 0.5

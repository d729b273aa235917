"""What blog platforms put into a text is not said, and listed."""

import pytest

from narrated.reading.document import Admonition, Paragraph, Text, Unspoken, plain
from narrated.reading.html import fragment, page
from narrated.reading.markdown import blocks


def said(found):
    return [plain(one.spans) for one in found if isinstance(one, Paragraph)]


def paragraph(text):
    return Paragraph((Text(text),))


@pytest.mark.parametrize(
    "widget",
    [
        '<div class="subscription-widget-wrap"><p>Thanks for reading X!</p></div>',
        '<p class="button-wrapper"><a href="u"><span>Share</span></a></p>',
        '<div class="captioned-button-wrap"><p>This post is public.</p></div>',
        '<div class="embedded-post-wrap"><p>Another post</p></div>',
        '<div class="kg-card kg-button-card"><a class="kg-btn" href="u">Buy</a></div>',
        '<div class="kg-card kg-signup-card">Sign up</div>',
        '<div class="kg-card kg-audio-card"><div>0:00/2:03</div></div>',
        '<div class="wp-block-buttons"><div class="wp-block-button"><a>Go</a></div></div>',
    ],
)
def test_widgets_are_listed(widget):
    """A platform's widget is silent, and listed, on a page and in a post."""
    html = f"<p>One.</p>{widget}<p>Two.</p>"
    for found in (fragment(html, "a"), page(f"<body><article>{html}</article></body>", "a").blocks):
        assert said(found) == ["One.", "Two."]
        assert [type(one) for one in found] == [Paragraph, Unspoken, Paragraph]


@pytest.mark.parametrize(
    "text",
    [
        "[Subscribe now](https://x.substack.com/subscribe?)",
        "**[Share](https://x/share)** | [Leave a comment](https://x/comments)",
        "Subscribe now",
        "5 min read",
        "Dec 3, 2019 · 5 min read",
        "Member-only story",
        "Thanks for reading Weekly! Subscribe for free to receive new posts and support my work.",
        "Thanks for reading! This post is public so feel free to share it.",
        "X is a reader-supported publication. To receive new posts and support my work, consider "
        "becoming a free or paid subscriber.",
        "[Get 20% off for 1 year](u)",
    ],
)
def test_invitations_are_listed(text):
    """A paragraph that only invites to subscribe, to share or to comment is listed."""
    found = blocks(f"One.\n\n{text}\n\nTwo.", "a.md")
    assert said(found) == ["One.", "Two."]
    assert found[1].kind == "invitation"


@pytest.mark.parametrize(
    "text",
    [
        "Subscribe now and you get a pony.",
        "Thanks for reading to the end. I mean it.",
        "Share.",
        "Listen",
        "Photo by Ann on Unsplash",
        "It is a 5 min read at most, I swear.",
        "[Follow me on Mastodon](u)",
        "[Share of the market](u) and [more](v).",
    ],
)
def test_similar_sentences_are_read(text):
    """A sentence that begins like an invitation is read."""
    assert said(blocks(text, "a.md")) == [
        text.replace("](u)", "").replace("](v)", "").replace("[", "")
    ]


def test_ghost_cards_are_read():
    """A callout card is a note, a bookmark card its title and its description."""
    callout = (
        '<div class="kg-card kg-callout-card"><div class="kg-callout-emoji">💡</div>'
        '<div class="kg-callout-text">Mind this.</div></div>'
    )
    assert fragment(callout, "a")[-1] == Admonition("note", (), (paragraph("Mind this."),))
    bookmark = (
        '<figure class="kg-card kg-bookmark-card"><a class="kg-bookmark-container" href="u">'
        '<div class="kg-bookmark-title">Title</div><div class="kg-bookmark-description">What</div>'
        '<div class="kg-bookmark-metadata"><img src="i.png"><span>Ann</span></div></a></figure>'
    )
    assert said(fragment(bookmark, "a")) == ["Title", "What"]


def test_gutenberg_comments_are_listed():
    """Gutenberg's and Ghost's comments are listed, and their blocks read."""
    text = '<!-- wp:paragraph {"a":"b"} -->\n<p>One.</p>\n<!-- /wp:paragraph -->\n\n'
    found = blocks(f"{text}<!--kg-card-begin: markdown-->\n\nTwo *more*.", "a.md")
    assert said(found) == ["One.", "Two more."]
    assert [one.kind for one in found if isinstance(one, Unspoken)] == ["comment"] * 3


def test_details_are_read_after_summary():
    """A summary is read, then what it opens."""
    text = "<details>\n<summary>More <b>here</b></summary>\n\nInside.\n\n</details>"
    assert said(blocks(text, "a.md")) == ["More here", "Inside."]


def test_furniture_of_medium_is_listed():
    """Medium's lone words and counts are silent where two stand together; alone they stay."""
    post = "# T\n\nFollow\n\n5 min read\n\n1.2K\n\nListen\n\nShare\n\nA post.\n\nListen\n\nHush."
    assert said(blocks(post, "a")) == ["A post.", "Listen", "Hush."]
    assert said(blocks("Count.\n\n1\n\n2\n\nGo.", "a")) == ["Count.", "1", "2", "Go."]

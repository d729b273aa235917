"""Players of feeds show the text of the page: without its marks, with pictures at addresses."""

from functools import partial

import pytest

from narrated.podcast.episode import Episode, LinkedFile
from narrated.podcast.feed_answers import answer
from narrated.podcast.feed_requests import FeedRequest
from narrated.podcast.feed_text import feed_html, picture_address
from narrated.podcast.show import Show
from narrated.post_html.kept_text import KeptText

SHOW = Show(title="A", base_url="https://example.org/pod/")
EPISODE = Episode(
    title="Tea",
    guid="urn:1",
    dated_s=1.0,
    duration_s=60.0,
    sound=LinkedFile("tea.mp3", "audio/mpeg", 9),
)
BELOW = Show(title="B", folder="b c/d", base_url="https://example.org/pod/b%20c/d/")
COPY = '<img src="index.files/1.jpg" alt="A &amp; B" width="9" height="9" loading="lazy">'
SHOWN = '<img src="https://example.org/pod/index.files/1.jpg" alt="A &amp; B"/>'


@pytest.mark.parametrize(
    ("html", "shown"),
    [
        ('<h1 id="t"><span class="s" data-s="0">Tea &amp; <em>me</em></span></h1>\n', ""),
        (
            '<div lang="en"><p><span class="s" data-s="1">A &lt;b&gt; <em>c</em></span></p></div>',
            "<p>A &lt;b&gt; <em>c</em></p>",
        ),
        (
            '<p><a href="https://a.org/?x=1&amp;y" rel="noopener">one</a> <a href="#n">two</a></p>',
            '<p><a href="https://a.org/?x=1&amp;y">one</a> two</p>',
        ),
        (f"<p>See {COPY}<br>here.</p>", f"<p>See {SHOWN}<br/>here.</p>"),
        (
            f'<figure class="announced" data-s="1">{COPY}<figcaption>Words</figcaption></figure>',
            f"<p>{SHOWN}<br/>Words</p>",
        ),
        (
            '<figure><figcaption><a href="https://a.org/b.png">Cup</a></figcaption></figure>',
            '<p><img src="https://a.org/b.png" alt=""/><br/>Cup</p>',
        ),
        (
            '<figure><figcaption><a href="https://a.org/">Cup</a></figcaption></figure>',
            '<p><a href="https://a.org/">Cup</a></p>',
        ),
        ('<table class="x"><tr class="s"><td>1</td></tr></table>',
         "<table><tr><td>1</td></tr></table>"),
        ('<section class="footnotes"><ol start="2"><li id="n">A</li></ol></section>',
         '<div><ol start="2"><li>A</li></ol></div>'),
        (
            f'<figure>{COPY}<figcaption>My <em>cup</em></figcaption></figure>',
            f"<p>{SHOWN}<br/>My <em>cup</em></p>",
        ),
        (
            '<figure><a href="https://a.org/b.png">Cup</a><figcaption>Mine</figcaption></figure>',
            '<p><img src="https://a.org/b.png" alt="Cup"/><br/>Mine</p>',
        ),
        (
            '<figure><a href="https://a.org/b">Cup</a><figcaption>Mine</figcaption></figure>',
            '<p><a href="https://a.org/b">Cup</a><br/>Mine</p>',
        ),
        ('<p>Note. <a href="#n" class="back" title="Back">↩</a></p>', "<p>Note. </p>"),
        ('<script>x</script><p onclick="y" style="z">A</p>', "x<p>A</p>"),
    ],
)  # fmt: skip
def test_text_is_for_players(html: str, shown: str) -> None:
    """Structure, links and pictures stay; marks, places and all else go."""
    assert feed_html(html, partial(picture_address, SHOW)) == shown


def test_picture_has_an_address() -> None:
    """A picture at the root has the root's address, if the address of the show tells it."""
    assert (
        picture_address(BELOW, "index.files/1.jpg") == "https://example.org/pod/index.files/1.jpg"
    )
    elsewhere = Show(title="B", folder="b", base_url="https://b.org/")
    assert picture_address(elsewhere, "x.jpg") == picture_address(Show(title="B"), "x.jpg") == ""
    assert feed_html(f"<p>{COPY}</p>", partial(picture_address, elsewhere)) == "<p>A &amp; B</p>"


def test_item_has_the_kept_text() -> None:
    """An item has the text that the job kept, escaped in the feed."""
    text = KeptText("<h1>Tea</h1>\n<div><h2>Pots</h2><p>Of <code>a&lt;b</code>.</p></div>").encode()
    item = answer(*FeedRequest(SHOW, episode=EPISODE).encode(text=text)).decode()
    assert "&lt;h2&gt;Pots&lt;/h2&gt;&lt;p&gt;Of &lt;code&gt;a&amp;lt;b&lt;/code&gt;" in item

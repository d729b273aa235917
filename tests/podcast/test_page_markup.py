"""The page's own markup and scripts: nothing in them is a post's, and they stay as they are."""

import json
from html.parser import HTMLParser

import pytest
from msgspec.structs import replace

from narrated.podcast.episode import LinkedFile
from narrated.podcast.page_assets import page_assets
from narrated.podcast.page_episode import PageEpisode, PageSentence
from narrated.podcast.page_markup import PAGE_END, page_entry, page_head
from narrated.podcast.page_scripts import episode_script, script, search_script, search_words
from narrated.podcast.show import Show

HOSTILE = "</script><img src=x onerror=alert(1)>\"'\u2028\u2029\udcff\0&lt;"
BLOG = Show(title="A blog", guid="11111111-2222-3333-4444-555555555555")
EPISODE = PageEpisode(
    key="0123456789abcdef",
    title="Tea",
    dated_s=1_709_942_400.0,
    duration_s=3725.0,
    sound=LinkedFile("tea.mp3", "audio/mpeg", 1234),
)


class _Elements(HTMLParser):
    """Collects elements with their attributes."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))


def _elements(markup: bytes) -> list[tuple[str, dict[str, str | None]]]:
    parser = _Elements()
    parser.feed(markup.decode())
    return parser.found


def test_hostile_values_are_words() -> None:
    """A title, a name, a description or a language with markup makes no element, no attribute."""
    hostile = replace(
        EPISODE,
        title=HOSTILE,
        show=HOSTILE,
        folder=HOSTILE,
        description=HOSTILE,
        language=HOSTILE,
        kind=HOSTILE,
        cover=HOSTILE,
        sound=LinkedFile(HOSTILE, HOSTILE),
    )
    show = Show(title=HOSTILE, author=HOSTILE, description=HOSTILE, language=HOSTILE, link=HOSTILE)
    plain = Show(title="A", author="A", description="A", language="en")
    usual = replace(EPISODE, description="A", show="A", language="en", cover="a.jpg")
    written = _elements(page_head(show, [show]) + page_entry(hostile) + PAGE_END)
    expected = _elements(page_head(plain, [plain]) + page_entry(usual) + PAGE_END)
    names = [(tag, sorted(attributes)) for tag, attributes in written]
    assert names == [(tag, sorted(attributes)) for tag, attributes in expected]


def test_page_has_nothing_inline() -> None:
    """No element has code or a style of its own, since the page's policy refuses both."""
    for tag, attributes in _elements(page_head(BLOG, [BLOG]) + page_entry(EPISODE) + PAGE_END):
        assert tag != "style"
        assert tag != "script" or attributes.get("src", "").startswith("index.files/")
        assert not [name for name in attributes if name.startswith("on") or name == "style"]


def test_page_names_its_files() -> None:
    """Each file that the head names is one of the page's own, and none of these is forgotten."""
    named = {
        (attributes.get("src") or attributes.get("href") or "").removeprefix("index.files/")
        for tag, attributes in _elements(page_head(BLOG, [BLOG]))
        if tag == "script" or attributes.get("rel") in ("icon", "stylesheet")
    }
    assert named == set(page_assets())


def test_search_holds_what_is_unsaid() -> None:
    """Code, rows and captions are searched with the start of their sentence, or of that before."""
    html = (
        "<pre>early</pre><h1><span class='s' data-s='0'>Tea</span></h1><p>"
        "<span class='s' data-s='1'>Boil <em>wa</em>ter.<sup><a href='#t-1'>1</a></sup></span></p>"
        "<pre class='announced' data-s='2'><code>a = 1\n\n  b = 2</code></pre>"
        "<table><caption>Leaves</caption><tr><th>Leaf</th><td>green</td></tr></table>"
        "<figure class='announced' data-s='3'><img alt='A cup.'><figcaption>Hot.</figcaption>"
        "</figure>"
        "<p><span class='s' data-s='9'>of no sentence</span></p>"
    )
    told = ("Tea", "Boil water.", "Code: two lines.", "An image: a cup.")
    sentences = tuple(PageSentence(at, at, at + 1, words) for at, words in enumerate(told))
    key, lines = json.loads(search_words(replace(EPISODE, html=html, sentences=sentences)))
    assert key == EPISODE.key
    assert [(start, words) for start, words in lines if words not in told] == [
        (None, "early"),
        (2, "a = 1"),
        (2, "b = 2"),
        (2, "Leaves"),
        (2, "Leaf green"),
        (3, "Hot."),
        (3, "of no sentence"),
    ]
    assert [words for _, words in lines if words in told] == list(told)


@pytest.mark.parametrize(
    "written",
    [
        episode_script(replace(EPISODE, title=HOSTILE, html=HOSTILE)),
        search_script(
            0, [search_words(replace(EPISODE, sentences=(PageSentence(0, 0, 1, HOSTILE),)))]
        ),
        script("now", {HOSTILE: [HOSTILE]}),
    ],
    ids=["episode", "search", "now"],
)
def test_data_ends_no_script(written: bytes) -> None:
    """A script of data is one call with JSON, in which nothing ends the script or its line."""
    data = written.decode().removeprefix('narrated.take("').removesuffix(");\n")
    kind, _, value = data.partition('",')
    assert kind in ("episode", "search", "now")
    assert json.loads(value)
    assert not set("<\u2028\u2029\0") & set(value)


def test_addresses_are_relative() -> None:
    """Names of any bytes become addresses that begin in the page's folder."""
    entry = page_entry(replace(EPISODE, sound=LinkedFile("a:b/\udcff ?#.mp3", "audio/mpeg")))
    assert b'data-sound="a%3Ab/%FF%20%3F%23.mp3"' in entry


@pytest.mark.parametrize(
    ("seconds", "shown"), [(3.0, "1 min"), (125.0, "2 min"), (3599.0, "1 h"), (3725.0, "1 h 2 min")]
)
def test_length_is_in_minutes(seconds: float, shown: str) -> None:
    """A length is told in minutes, and in hours from an hour on."""
    assert f"<span>{shown}</span>".encode() in page_entry(replace(EPISODE, duration_s=seconds))


@pytest.mark.parametrize(("base_url", "is_told"), [("", True), ("https://example.org/", False)])
def test_page_tells_of_a_missing_address(base_url: str, is_told: bool) -> None:
    """Without `base_url` the page says by its feed what works, and what does not."""
    show = Show(title="A", base_url=base_url)
    head = page_head(show, [show])
    assert (b"cannot subscribe" in head) is is_told
    assert f'href="{base_url}feed.xml"'.encode() in head


def test_podcast_names_the_page() -> None:
    """The page is of the podcast at the root, even while a folder's show is all that it has."""
    elements = _elements(head := page_head(BLOG, [Show(title="Tea", folder="tea", guid="2")]))
    assert dict(elements)["html"]["data-podcast"] == BLOG.guid
    assert b"<title>A blog</title>" in head
    assert b'<h1 dir="auto">A blog</h1>' in head
    assert b"tea/feed.xml" in head


@pytest.mark.parametrize(("picture", "is_shown"), [("", False), ("/own.png", True)])
def test_page_has_no_cover_of_others(picture: str, is_shown: bool) -> None:
    """While the podcast has no cover, that of a show stands for it only if it is the same."""
    podcast = replace(BLOG, picture=picture)
    show = Show(title="Tea", folder="tea", picture=picture, image="tea/cover.jpg")
    other = replace(show, folder="pots", picture="/pots.png", image="pots/cover.jpg")
    masthead = page_head(podcast, [other, show])
    assert (b'src="tea/cover.jpg"' in masthead) is is_shown
    assert b"pots/cover.jpg" not in masthead


def test_shows_of_one_name_are_told() -> None:
    """Feeds of shows that have one title are told apart by their folders, and episodes as well."""
    folders = ("", "a/tea", "b/tea")
    titles = ("A blog", "Tea", "Tea")
    shows = [Show(title=title, folder=each) for title, each in zip(titles, folders, strict=True)]
    head = page_head(BLOG, shows).decode()
    for name in ("Feed: A blog<", "Feed: Tea (a/tea)<", "Feed: Tea (b/tea)<"):
        assert name in head
    assert 'title="Tea (b/tea)"' in head
    ((_, entry), *_) = _elements(page_entry(replace(EPISODE, show="Tea", folder="b/tea")))
    assert entry["data-show"] == "b/tea"

"""Heads and items of a feed, as readers of feeds take them: whatever a post holds."""

import io
import uuid
from typing import Any

import feedparser
import podcastparser
import pytest
from msgspec.structs import replace

from narrated.outbox.manifest import ManifestChapter, ManifestOutput
from narrated.outbox.manifest_sentences import SentenceTime, encoded_sentences
from narrated.podcast.episode import (
    Episode,
    EpisodeChapter,
    LinkedFile,
    TextBlock,
    chapters_of,
    language_of,
    marks_of,
    sound_of,
    transcripts_of,
)
from narrated.podcast.episode_text import (
    MOST_DESCRIPTION_BYTES,
    MOST_HTML_BYTES,
    Paragraph,
    content_html,
    description_html,
    paragraphs_of_sentences,
)
from narrated.podcast.feed_answers import answer
from narrated.podcast.feed_parts import FEED_END, guid_in, new_guid, numbered
from narrated.podcast.feed_requests import FeedRequest
from narrated.podcast.rss import feed_head, feed_item
from narrated.podcast.show import Show

SHOW = Show(
    title="A blog", base_url="https://example.org/pod/", guid=f"{'0' * 8}{'-0000' * 3}-{'0' * 12}"
)
EPISODE = Episode(
    title="Tea",
    guid="urn:uuid:1",
    dated_s=1_709_942_400.0,
    duration_s=61.6,
    sound=LinkedFile("a/tea.mp3", "audio/mpeg", 1234),
)
WORDS = (Paragraph("title", "Tea"), Paragraph("paragraph", "All about tea."))


def _feed(*items: bytes, show: Show = SHOW) -> bytes:
    return feed_head(show, 0.0) + b"".join(items) + FEED_END


def _read(
    episode: Episode = EPISODE, words: tuple[Paragraph, ...] = WORDS, show: Show = SHOW
) -> Any:
    """The only entry of a feed, as feedparser reads it."""
    read = feedparser.parse(_feed(feed_item(show, episode, words), show=show))
    assert not read.bozo, read.get("bozo_exception")
    return read.entries[0]


def test_readers_agree_on_an_item() -> None:
    """Two readers find the sound with its length and type, the date, the duration, the number."""
    feed = _feed(feed_item(SHOW, EPISODE, WORDS))
    sound = {"href": "https://example.org/pod/a/tea.mp3", "length": "1234", "type": "audio/mpeg"}
    entry = _read()
    assert {key: entry.enclosures[0][key] for key in sound} == sound
    assert (entry.published, entry.id) == ("Sat, 09 Mar 2024 00:00:00 GMT", "urn:uuid:1")
    parsed = podcastparser.parse("https://example.org/pod/feed.xml", io.BytesIO(feed))
    (episode,) = parsed["episodes"]
    assert episode["enclosures"] == [
        {"url": sound["href"], "file_size": 1234, "mime_type": "audio/mpeg"}
    ]
    assert (episode["total_time"], episode["guid"]) == (62, "urn:uuid:1")


@pytest.mark.parametrize(
    ("title", "shown"),
    [
        ("A <b>bold</b> one", "A ‹b›bold‹/b› one"),
        ("Tea & Co", "Tea & Co"),
        ("How to write &lt;", "How to write ＆lt;"),
        ("<script>alert(1)</script>", "‹script›alert(1)‹/script›"),
        ("]]></title><evil/>", "]]›‹/title›‹evil/›"),
        ("two\nlines\x00\x1b[31m\udcff", "two lines\ufffd\ufffd[31m\ufffd"),
        ("", "Untitled"),
        ("x" * 10_000, "x" * 499 + "…"),
    ],
)
def test_titles_are_shown_as_they_are(title: str, shown: str) -> None:
    """A title reads the same in a player, though players take it for HTML."""
    assert _read(replace(EPISODE, title=title)).title == shown


def test_chapters_are_in_the_item() -> None:
    """Players that read chapters in the feed alone find them, up to a thousand, as they are."""
    marks = (EpisodeChapter(0.0, "Tea"), EpisodeChapter(3725.9996, '<b> & "'))
    feed = _feed(feed_item(SHOW, replace(EPISODE, marks=marks), WORDS))
    assert b'start="01:02:06.000"' in feed
    (episode,) = podcastparser.parse(f"{SHOW.base_url}feed.xml", io.BytesIO(feed))["episodes"]
    assert episode["chapters"] == [
        {"start": 0, "title": "Tea"},
        {"start": 3726, "title": '‹b› & "'},
    ]
    chapters = (ManifestChapter(str(number), number) for number in range(2000))
    assert marks_of(chapters)[-1] == EpisodeChapter(999, "999")


@pytest.mark.parametrize(
    ("path", "address"),
    [
        ("tea & co?.mp3", "tea%20%26%20co%3F.mp3"),
        ("#1%.mp3", "%231%25.mp3"),
        ("ü/日.mp3", "%C3%BC/%E6%97%A5.mp3"),
        ("bytes\udcfe.mp3", "bytes%FE.mp3"),
        ("a\nb.mp3", "a%0Ab.mp3"),
        ("http:x.mp3", "http%3Ax.mp3"),
        ("'\"<>.mp3", "%27%22%3C%3E.mp3"),
    ],
)
def test_any_name_becomes_an_address(path: str, address: str) -> None:
    """A name of any bytes is written with %XX in its address."""
    sound = replace(EPISODE.sound, path=path)
    assert _read(replace(EPISODE, sound=sound)).enclosures[0].href == SHOW.base_url + address
    relative = feed_item(replace(SHOW, base_url=""), replace(EPISODE, sound=sound), WORDS)
    assert f'url="{address}"'.encode() in relative


def test_folder_show_links_from_there() -> None:
    """Without an address, a show of a folder links from that folder."""
    item = feed_item(replace(SHOW, base_url="", folder="a"), EPISODE, WORDS)
    assert b'url="tea.mp3"' in item


def test_content_is_escaped_text() -> None:
    """The whole text is shown, and nothing in it is markup: neither a script, nor an address."""
    words = (
        Paragraph("heading", "On <b>"),
        Paragraph("paragraph", "<script>alert(1)</script> & ]]>"),
        Paragraph("code", "if x < y:"),
        Paragraph("picture", "A cup.", 'https://x.org/"onerror="alert(1)'),
        Paragraph("picture", "A pot.", "https://x.org/pot.jpg?a=1&b=2"),
        Paragraph("picture", "A lid.", "javascript:alert(1)"),
    )
    html = content_html(words)
    assert html.split("\n") == [
        "<h2>On &lt;b&gt;</h2>",
        "<p>&lt;script&gt;alert(1)&lt;/script&gt; &amp; ]]&gt;</p>",
        "<pre>if x &lt; y:</pre>",
        "<p>A cup.</p>",
        '<p><img src="https://x.org/pot.jpg?a=1&amp;b=2" alt=""/><br/>A pot.</p>',
        "<p>A lid.</p>",
    ]
    shown = _read(words=words).content[0].value
    assert "alert(1)" in shown and "<script" not in shown


def test_description_is_own_or_first() -> None:
    """A description is the author's, or the first paragraph; neither title nor code."""
    words = (*WORDS[:1], Paragraph("code", "x = 1"), Paragraph("paragraph", "First <one>."))
    assert description_html(" His\nown. ", words) == "His own."
    assert description_html("", words) == "First &lt;one&gt;."
    assert description_html("", WORDS[:1]) == ""


@pytest.mark.parametrize("text", ["word & " * 2000, "<" * 9000, "日" * 5000, "x" * 4001])
def test_description_keeps_to_its_bound(text: str) -> None:
    """A long description is cut: Apple takes 4,000 bytes, tags and all."""
    html = description_html(text, ())
    assert len(html.encode()) <= MOST_DESCRIPTION_BYTES
    assert len(html.encode()) > MOST_DESCRIPTION_BYTES * 0.85
    assert html.endswith("…") and not html[:-1].endswith(("&", "&am", "&l"))


def test_content_keeps_to_its_bound() -> None:
    """The text of a book is cut at a paragraph."""
    many = (Paragraph("paragraph", "x" * 10_000) for _ in range(1000))
    html = content_html(many)
    assert len(html) <= MOST_HTML_BYTES + 100
    assert html.endswith("x</p>\n<p>…</p>")


def _output(name: str, media_type: str) -> ManifestOutput:
    return ManifestOutput(name, "", 7, media_type)


def test_files_are_found_by_their_types() -> None:
    """Sound, transcripts and chapters are found among a narration's files, whatever their order."""
    outputs = (
        _output("t.chapters.json", "application/json"),
        _output("t.srt", "application/x-subrip"),
        _output("t.transcript.json", "application/json"),
        _output("t.vtt", "text/vtt"),
        _output("t.txt", "text/plain; charset=utf-8"),
        _output("t.m4a", "audio/mp4"),
    )
    sound, chapters = sound_of(outputs, "a"), chapters_of(outputs, "a")
    assert sound == LinkedFile("a/t.m4a", "audio/x-m4a", 7)
    assert chapters and (chapters.path, chapters.type) == (
        "a/t.chapters.json",
        "application/json+chapters",
    )
    found = {(each.path, each.type) for each in transcripts_of(outputs, "a")}
    assert found == {
        ("a/t.srt", "application/x-subrip"),
        ("a/t.transcript.json", "application/json"),
        ("a/t.vtt", "text/vtt"),
    }
    assert sound_of(outputs[:5], "") is None


def test_types_have_no_parameters() -> None:
    """The type of each sound is bare: players compare the whole of it."""
    names = ("a.mp3", "a.m4a", "a.opus", "a.ogg", "a.flac", "a.wav")
    sounds = [sound_of([_output(name, "")], "") for name in names]
    assert [each and each.type for each in sounds] == [
        "audio/mpeg",
        "audio/x-m4a",
        "audio/ogg",
        "audio/ogg",
        "audio/flac",
        "audio/wav",
    ]


def test_strange_languages_are_the_shows() -> None:
    """A language that is none, or the show's, is not told for the episode."""
    written = ("en", "de", "x" * 99, '"><', "")
    assert [language_of(each, "en") for each in written] == ["", "de", "", "", ""]


def test_head_tells_the_show() -> None:
    """Readers find title, author, owner, categories, address and number of a show."""
    show = replace(
        SHOW,
        author="Ada",
        description="Of <tea>.",
        language="de",
        categories=(("Arts", "Books"), ("Technology", "")),
        owner_email="ada@example.org",
        explicit=True,
        type="serial",
    )
    head = feed_head(show, 86_400.0)
    read = feedparser.parse(head + FEED_END)
    assert not read.bozo
    channel = read.feed
    assert (channel.title, channel.author_detail.name, channel.language) == ("A blog", "Ada", "de")
    assert channel.publisher_detail.email == "ada@example.org"
    assert [tag.term for tag in channel.tags] == ["Arts", "Books", "Technology"]
    assert channel.itunes_type == "serial"
    assert b"<itunes:explicit>true</itunes:explicit>" in head
    assert {"https://example.org/pod/", "https://example.org/pod/feed.xml"} == {
        link.href for link in channel.links
    }
    assert (channel.podcast_guid, channel.podcast_medium) == (SHOW.guid, "podcast")
    assert channel.published == "Fri, 02 Jan 1970 00:00:00 GMT"
    assert channel.subtitle == "Of &lt;tea&gt;."
    assert guid_in(head) == SHOW.guid


def test_show_number_is_of_its_address() -> None:
    """The number of a show is the one that its address gives; without an address it is random."""
    show = Show(title="", base_url="https://podnews.net/", guid="")
    namespace = uuid.UUID("ead4c236-bf58-58c6-a2c6-a6b28d128cb6")
    assert new_guid(show) == str(uuid.uuid5(namespace, "podnews.net/feed.xml"))
    assert new_guid(show) == new_guid(replace(show, base_url="http://podnews.net/"))
    assert new_guid(replace(show, base_url="")) != new_guid(replace(show, base_url=""))


def test_feed_of_others_has_no_number() -> None:
    """The number of a feed that is not ours is not taken over."""
    theirs = b"<podcast:guid>%s</podcast:guid>" % SHOW.guid.encode()
    assert guid_in(theirs) == ""


def test_item_is_numbered_within() -> None:
    """An item of a serial show gets its number as its last element."""
    item = numbered(feed_item(SHOW, EPISODE, WORDS), 3)
    assert feedparser.parse(_feed(item)).entries[0].itunes_episode == "3"


def test_request_makes_the_same_bytes() -> None:
    """A parser answers a request with the same bytes each time, surrogates or not."""
    episode = replace(EPISODE, title="\udcff", blocks=(TextBlock(0, "paragraph", "Bytes \udcfe."),))
    asked = FeedRequest(SHOW, episode=episode).encode()
    assert answer(*asked) == answer(*asked)
    assert b"Bytes \xef\xbf\xbd." in answer(*asked)
    assert answer(*FeedRequest(SHOW).encode()) == feed_head(SHOW, 0.0)


@pytest.mark.parametrize("plan", [b"{", b"[1]", b'{"plan": 5}', b'{"plan": ' + b"[" * 99_999])
def test_strange_plan_leaves_beginnings(plan: bytes) -> None:
    """With the plan of another version, the text is what the manifest has."""
    episode = replace(EPISODE, blocks=(TextBlock(0, "paragraph", "The beginning."),))
    asked = FeedRequest(SHOW, episode=episode).encode(plan=plan)
    assert b"The beginning." in answer(*asked)


def test_japanese_text_has_no_spaces() -> None:
    """Sentences have no space between where their script has none."""
    said = ("今日は雨です。", "「はい」！", "ｱﾒ。", "Tea. ", "茶。", "Ok.")
    times = {"start_s": 0.0, "end_s": 1.0, "block": 1}
    sentences = encoded_sentences([SentenceTime(spoken=one.strip(), **times) for one in said])
    (found,) = paragraphs_of_sentences(bytes(sentences), ())
    assert found.text == "今日は雨です。「はい」！ｱﾒ。 Tea. 茶。 Ok."


def test_text_has_no_words_of_ours() -> None:
    """What belongs to no block of the source, such as the show's intro, is not in the text."""
    times = {"start_s": 0.0, "end_s": 1.0}
    said = {"Welcome.": -1, "Tea": -1, "By Ada.": -1, "About tea.": 0, "Thank you.": -1}
    sentences = [SentenceTime(block=block, spoken=text, **times) for text, block in said.items()]
    blocks = [TextBlock(block, "notice", text) for text, block in said.items()]
    found = paragraphs_of_sentences(bytes(encoded_sentences(sentences)), blocks)
    assert [each.text for each in found] == ["About tea."]


def test_text_is_the_written_one() -> None:
    """The text of a feed is what was written, in the blocks and roles that the manifest has."""
    blocks = (
        TextBlock(-1, "title", "Tea"),
        TextBlock(0, "heading", "Of tea"),
        TextBlock(1, "paragraph", "It costs five dollars."),
        TextBlock(2, "picture", "A cup.", "https://x.org/cup.jpg"),
    )
    times = {"start_s": 0.0, "end_s": 1.0}
    sentences = encoded_sentences(
        [
            SentenceTime(block=-1, spoken="Tea.", **times),
            SentenceTime(block=0, spoken="Of tea.", **times),
            SentenceTime(block=1, spoken="It costs five dollars.", written="It costs $5.", **times),
            SentenceTime(block=1, spoken="Really.", **times),
            SentenceTime(block=2, spoken="A cup.", **times),
            SentenceTime(block=9, spoken="More.", **times),
        ]
    )
    episode = replace(EPISODE, blocks=blocks)
    item = answer(*FeedRequest(SHOW, episode=episode).encode(bytes(sentences), b"{"))
    entry = feedparser.parse(_feed(item)).entries[0]
    assert entry.summary == "It costs $5. Really."
    assert entry.content[0].value.split("\n") == [
        "<h2>Of tea.</h2>",
        "<p>It costs $5. Really.</p>",
        '<p><img alt="" src="https://x.org/cup.jpg" /><br />A cup.</p>',
        "<p>More.</p>",
    ]

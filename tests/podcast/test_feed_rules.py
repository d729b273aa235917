"""The rules of directories and players for a feed: each finds what breaks it, and only that."""

from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from xml.sax.saxutils import escape
from zlib import crc32

import pytest
from click.testing import CliRunner, Result
from msgspec.structs import replace

from narrated.cli.main import main
from narrated.podcast.cover_drawing import cover_jpeg
from narrated.podcast.cover_reading import HEAD_BYTES, cover_facts
from narrated.podcast.episode import Episode, LinkedFile
from narrated.podcast.episode_text import Paragraph
from narrated.podcast.feed_parts import FEED_END, numbered
from narrated.podcast.feed_reading import CoverFacts, FeedElement, ReadFeed, parse_feed
from narrated.podcast.feed_rules import RULES, broken
from narrated.podcast.rss import feed_head, feed_item
from narrated.podcast.show import Show

SHOW = Show(
    title="A blog",
    author="Ada",
    description="Of tea.",
    categories=(("Arts", "Books"),),
    owner_email="ada@example.org",
    base_url="https://example.org/pod/",
    guid="9b024349-ccf0-5f69-a609-6b82873eab3c",
    type="serial",
    image="cover-1.jpg",
)
FILES = {"one.mp3": 20_000, "two.mp3": 30_000, "one.vtt": 9, "one.chapters.json": 9}
FILES |= {"cover-1.jpg": 9, "one.2.jpg": 9}
COVER = CoverFacts("JPEG", "RGB", 1400, 1400)
COVERS = MappingProxyType({"cover-1.jpg": COVER, "one.2.jpg": COVER})


def _episode(name: str) -> Episode:
    return Episode(
        title=f"Title {name}",
        guid=f"urn:{name}",
        dated_s=1_709_942_400.0,
        duration_s=60,
        sound=LinkedFile(f"{name}.mp3", "audio/mpeg", FILES[f"{name}.mp3"]),
    )


def _feed() -> str:
    """A feed that keeps all rules."""
    chapters = LinkedFile("one.chapters.json", "application/json+chapters")
    transcripts = (LinkedFile("one.vtt", "text/vtt"),)
    parts = {"chapters": chapters, "transcripts": transcripts, "author": "Bo"}
    one = replace(_episode("one"), image="one.2.jpg", **parts)
    words = (Paragraph("paragraph", "Words."),)
    items = [feed_item(SHOW, each, words) for each in (_episode("two"), one)]
    parts = [numbered(item, 2 - place) for place, item in enumerate(items)]
    return (feed_head(SHOW, 1.0) + b"".join(parts) + FEED_END).decode()


def _broken(
    feed: str, files: dict[str, int] = FILES, covers: Mapping[str, CoverFacts] = COVERS
) -> dict[str, list[str]]:
    """What breaks each rule that a feed breaks, by the rule's key."""
    channel = parse_feed(feed.encode())
    elements = [
        FeedElement(each, files, SHOW.base_url, "", covers)
        for each in (channel, *channel.iter("item"))
    ]
    return {rule.key: found for rule, found in broken(ReadFeed(elements[0], tuple(elements[1:])))}


LONG = "x" * 4001
QUOTE = MappingProxyType({'"': "&quot;"})
ONE, TWO, SHOWN = ["Title one"], ["Title two"], ["the feed"]
EXPLICIT = "60</itunes:duration>\n    <itunes:explicit>clean"
ROWS: dict[str, tuple[str, str, list[str]]] = {
    "title": ("<title>A blog</title>", "", SHOWN),
    "description": ("<description>Of tea.</description>", "", SHOWN),
    "long description": ("Of tea.", LONG, SHOWN),
    "language": ("<language>en</language>", "<language>klingon!</language>", SHOWN),
    "category": ('text="Arts"', 'text="Boks"', SHOWN),
    "explicit": ("<itunes:explicit>false", "<itunes:explicit>clean", SHOWN),
    "author": ("<itunes:author>Ada</itunes:author>", "", SHOWN),
    "image": ('<itunes:image href="https://example.org/pod/cover-1.jpg"/>', "", SHOWN),
    "owner": ("<itunes:email>ada@example.org</itunes:email>", "", SHOWN),
    "guid": (SHOW.guid, "one", SHOWN),
    "medium": ("<podcast:medium>podcast", "<podcast:medium>radio", SHOWN),
    "self": ('href="https://example.org', 'href="https://other.org', SHOWN),
    "address": ('enclosure url="https://example.org/pod/two', 'enclosure url="two', TWO),
    "https": ('enclosure url="https:', 'enclosure url="http:', TWO),
    "item title": ("<title>Title two</title>", "", ["an item without a title"]),
    "item markup": ("Title two", "&lt;i&gt;two", ["<i>two"]),
    "item guid": ("urn:two", "", TWO),
    "same guid": ("urn:two", "urn:one", TWO + ONE),
    "same sound": ("pod/two.mp3", "pod/one.mp3", TWO + ONE),
    "sound": ('type="audio/mpeg"', 'type="audio/mp3; x"', TWO),
    "length": ('length="30000"', 'length="-1"', TWO),
    "short": ('length="30000"', 'length="16383"', TWO),
    "format": ("pod/two.mp3", "pod/two.opus", TWO),
    "name": ("pod/two.mp3", "pod/tw%C3%B6.mp3", ["twö.mp3"]),
    "date": ("Sat, 09 Mar 2024 00:00:00 GMT", "2024-03-09", TWO),
    "future": ("09 Mar 2024", "09 Mar 2999", TWO),
    "duration": ("<itunes:duration>60", "<itunes:duration>0", TWO),
    "long item": ("<description>Words.", f"<description>{LONG}", TWO),
    "transcript": ('type="text/vtt"', 'type="text/vtt; charset=utf-8"', ONE),
    "chapters": ('type="application/json+chapters"', 'type="application/json"', ONE),
    "long title": ("<title>A blog</title>", f"<title>{'x' * 256}</title>", SHOWN),
    "link": ("<link>https://example.org/pod/</link>", "", SHOWN),
    "cover kind": ('image href="https://example.org/pod/cover-1.jpg', 'image href="c.gif', SHOWN),
    "type": ("<itunes:type>serial", "<itunes:type>film", SHOWN),
    "machine": ('purpose="ai-content"', 'purpose="verify"', SHOWN),
    "locked": ('owner="ada@example.org"', "", SHOWN),
    "images": ('srcset="https://example.org/pod/one.2.jpg', 'srcset="one.3.jpg', ONE),
    "permalink": ('isPermaLink="false">urn:two', ">urn:two", TWO),
    "sounds": ("<itunes:duration>", '<enclosure url="x"/><itunes:duration>', TWO),
    "sound type": ('type="audio/mpeg"', 'type="audio/x-m4a"', TWO),
    "password": ('enclosure url="https://', 'enclosure url="https://me:pass@', TWO),
    "other name": ("pod/one.vtt", "pod/one~folder/one.vtt", ONE),
    "order": ("Sat, 09 Mar 2024", "Sat, 02 Mar 2024", ONE),
    "item explicit": ("60</itunes:duration>\n    <itunes:explicit>false", EXPLICIT, TWO),
    "episode type": ("<itunes:episodeType>full", "<itunes:episodeType>half", TWO),
    "item cover": ('image href="https://example.org/pod/one.2.jpg', 'image href="one.gif', ONE),
    "item description": ("<description>Words.", "<description>", TWO),
    "text": ("&lt;p&gt;Words.", "&lt;script&gt;Words.", TWO),
    "picture": ("&lt;p&gt;Words.", '&lt;img alt="" src="a.png"/&gt;', TWO),
    "person": ('role="author">Bo<', 'role="author"><', ONE),
    "apple transcript": ('type="text/vtt"', 'type="application/json"', ONE),
    "spoken language": ('language="en"', 'language="klingon!"', ONE),
    "numbers": ("<itunes:episode>2<", "<itunes:episode>3<", TWO),
}
"""For each rule, a change that breaks it, and what is named then."""


def test_good_feed_keeps_all_rules() -> None:
    """A feed of ours, with all that a show can have, breaks no rule."""
    assert _broken(_feed()) == {}


@pytest.mark.parametrize("key", ROWS)
def test_rule_finds_what_breaks_it(key: str) -> None:
    """Each rule finds the show, or the episode, that breaks it."""
    old, new, found = ROWS[key]
    assert old in _feed()
    assert _broken(_feed().replace(old, new, 1))[key] == found


@pytest.mark.parametrize("value", ["9" * 5000, "http://[", "//", "%", "&#x202e;", "é", "-1", ""])
def test_no_value_breaks_the_check(value: str) -> None:
    """Whatever stands in a feed, its rules are checked to the end."""
    for written in ('"30000"', "https://example.org/pod/two.mp3", "audio/mpeg", ">60<", "2024"):
        assert written in _feed()
        new = f"{written[0]}{value}{written[-1]}" if written[0] in '">' else value
        assert isinstance(_broken(_feed().replace(written, new)), dict)


@pytest.mark.parametrize(
    "text",
    [
        "We set one = 1 here.",
        '<div onclick="go()"> and <script>alert(1)</script>',
        'An <img src="a.png"> of <iframe>',
        "javascript: a language; on x = 2, onx=3 <",
    ],
)
def test_innocent_text_is_well(text: str) -> None:
    """Words and code that look like a script are none: they break no rule of the text."""
    code = Paragraph("code", text)
    item = feed_item(SHOW, _episode("two"), (Paragraph("paragraph", text), code))
    feed = (feed_head(SHOW, 1.0) + numbered(item, 1) + FEED_END).decode()
    assert _broken(feed) == {}
    picture = f'&lt;img alt="{escape(escape(text, QUOTE), QUOTE)}" src="https://a.b/c.png"/&gt;'
    assert _broken(_feed().replace("&lt;p&gt;Words.", picture, 1)) == {}


@pytest.mark.parametrize(
    "html",
    ["<p\nonclick='x'>", "<SVG/onload=x>", "<a href=' java\tscript:x'>", "<div>" * 999 + "<embed>"],
)
def test_each_active_text_is_found(html: str) -> None:
    """An element that runs something is found however it is written."""
    assert _broken(_feed().replace("&lt;p&gt;Words.", escape(html), 1)) == {"text": TWO}


def test_rule_of_files_finds_them() -> None:
    """A sound that is absent or of another length, and an absent transcript, are found."""
    there = ("one.mp3", "one.vtt", "one.chapters.json", "cover-1.jpg")
    others = {name: FILES[name] for name in there}
    assert _broken(_feed(), others) == {"no sound": TWO, "no file": ONE}
    without_transcript = {name: FILES[name] for name in FILES if name != "one.vtt"}
    assert _broken(_feed(), without_transcript) == {"no file": ONE}
    without_cover = {name: FILES[name] for name in FILES if name != "cover-1.jpg"}
    assert _broken(_feed(), without_cover) == {"no image": ["the feed"]}
    assert _broken(_feed(), FILES | {"two.mp3": 5}) == {"other length": TWO}
    empty = feed_head(SHOW, 0.0) + FEED_END
    assert _broken(empty.decode()) == {"episodes": ["the feed"]}


@pytest.mark.parametrize(
    "cover",
    [
        CoverFacts("GIF", "RGB", 1400, 1400),
        CoverFacts("JPEG", "CMYK", 1400, 1400),
        CoverFacts("JPEG", "RGB", 1400, 1401),
        CoverFacts("PNG", "RGB", 1399, 1399),
        CoverFacts("PNG", "RGB", 3001, 3001),
        CoverFacts("", "", 0, 0),
    ],
)
def test_rule_of_covers_finds_them(cover: CoverFacts) -> None:
    """A cover of another kind, colour or size than Apple takes is found."""
    covers = {"cover-1.jpg": COVER, "one.2.jpg": COVER}
    assert _broken(_feed(), FILES, covers | {"cover-1.jpg": cover}) == {"cover": SHOWN}
    assert _broken(_feed(), FILES, covers | {"one.2.jpg": cover}) == {"cover size": ONE}


def test_cover_tells_its_size() -> None:
    """A cover's head tells what it is; one that is none tells nothing, and raises no error."""
    jpeg = cover_jpeg("Tea", b"")
    assert cover_facts(jpeg[:HEAD_BYTES]) == COVER
    png = b"\x89PNG\r\n\x1a\n"
    header = b"IHDR" + (60_000).to_bytes(4) * 2 + bytes((8, 2, 0, 0, 0))
    enormous = png + (13).to_bytes(4) + header + crc32(header).to_bytes(4) + b"\0\0\0\0IDAT"
    for broken_one in (b"", b"GIF89a", jpeg[:20], png + b"\xff" * 99, enormous):
        assert cover_facts(broken_one).kind == ""


def test_every_rule_has_a_row() -> None:
    """Each rule is tried by a test of its own."""
    of_files = {"no image", "no sound", "no file", "other length", "episodes"}
    of_files |= {"cover", "cover size"}
    assert {rule.key for rule in RULES} == ROWS.keys() | of_files
    assert len(RULES) == len({rule.key for rule in RULES})


def _check(tmp_path: Path, podcast: str = "podcast: {title: A}") -> Result:
    config = tmp_path / "n.yaml"
    config.write_text(f"inbox: in\noutbox: out\nstate: st\ncache: ca\n{podcast}\n")
    return CliRunner().invoke(main, ["--config", str(config), "podcast", "check"])


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (None, "is not there"),
        ("<rss/>", "is not narrated's"),
        ("MARK<rss>", "is not XML"),
        ("MARK<feed/>", "is not RSS"),
        ("MARK<!DOCTYPE r [<!ENTITY e SYSTEM '/etc/passwd'>]><rss>&e;</rss>", "is not RSS"),
    ],
)
def test_broken_feed_is_told(tmp_path: Path, content: str | None, told: str) -> None:
    """A feed that is absent, foreign or broken is told with a remedy, and nothing is fetched."""
    mark = "<!-- Written by narrated: it replaces this file at each change of the outbox. -->"
    if content is not None:
        (tmp_path / "out").mkdir()
        (tmp_path / "out/feed.xml").write_text(content.replace("MARK", mark))
    checked = _check(tmp_path)
    assert told in checked.output
    assert (checked.exit_code, "root:" in checked.output) == (1, False)


def test_check_needs_a_podcast(tmp_path: Path) -> None:
    """Without a podcast, the check says how to have one."""
    checked = _check(tmp_path, "")
    assert "Add `podcast: {title:" in checked.output
    assert checked.exit_code == 3


def test_check_names_the_next_step(tmp_path: Path) -> None:
    """A feed in the outbox that somebody serves is told with the command that asks the server."""
    (tmp_path / "out").mkdir()
    (tmp_path / "out/feed.xml").write_text(_feed())
    podcast = "podcast: {title: A, base_url: 'https://example.org/pod'}"
    told = "narrated podcast check https://example.org/pod/feed.xml\n"
    assert told in _check(tmp_path, podcast).output
    assert "podcast check" not in _check(tmp_path, "podcast: {title: A}").output

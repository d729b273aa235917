"""The rules of directories and players for a feed: each finds what breaks it, and only that."""

from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from msgspec.structs import replace

from narrated.cli.main import main
from narrated.podcast.episode import Episode, LinkedFile
from narrated.podcast.episode_text import Paragraph
from narrated.podcast.feed_parts import FEED_END, numbered
from narrated.podcast.feed_reading import FeedElement, ReadFeed, parse_feed
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
    one = replace(_episode("one"), chapters=chapters, transcripts=transcripts, image="one.2.jpg")
    words = (Paragraph("paragraph", "Words."),)
    items = [feed_item(SHOW, each, words) for each in (_episode("two"), one)]
    parts = [numbered(item, 2 - place) for place, item in enumerate(items)]
    return (feed_head(SHOW, 1.0) + b"".join(parts) + FEED_END).decode()


def _broken(feed: str, files: dict[str, int] = FILES) -> dict[str, list[str]]:
    """What breaks each rule that a feed breaks, by the rule's key."""
    channel = parse_feed(feed.encode())
    elements = [
        FeedElement(each, files, SHOW.base_url) for each in (channel, *channel.iter("item"))
    ]
    return {rule.key: found for rule, found in broken(ReadFeed(elements[0], tuple(elements[1:])))}


LONG = "x" * 4001
ONE, TWO = ["Title one"], ["Title two"]
ROWS: dict[str, tuple[str, str, list[str]]] = {
    "title": ("<title>A blog</title>", "", ["the feed"]),
    "description": ("<description>Of tea.</description>", "", ["the feed"]),
    "long description": ("Of tea.", LONG, ["the feed"]),
    "language": ("<language>en</language>", "<language>klingon!</language>", ["the feed"]),
    "category": ('text="Arts"', 'text="Boks"', ["the feed"]),
    "explicit": ("<itunes:explicit>false", "<itunes:explicit>clean", ["the feed"]),
    "author": ("<itunes:author>Ada</itunes:author>", "", ["the feed"]),
    "image": ('<itunes:image href="https://example.org/pod/cover-1.jpg"/>', "", ["the feed"]),
    "owner": ("<itunes:email>ada@example.org</itunes:email>", "", ["the feed"]),
    "guid": (SHOW.guid, "one", ["the feed"]),
    "medium": ("<podcast:medium>podcast", "<podcast:medium>radio", ["the feed"]),
    "self": ('href="https://example.org', 'href="https://other.org', ["the feed"]),
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


def test_every_rule_has_a_row() -> None:
    """Each rule is tried by a test of its own."""
    of_files = {"no image", "no sound", "no file", "other length", "episodes"}
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

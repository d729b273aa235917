"""Writes the page's data: scripts, since a page from disk may load nothing else.

Each calls `narrated.take(kind, data)`. The same data makes the same bytes.
"""

import re
from collections.abc import Iterable

import msgspec

from narrated.podcast.doubtful_sentences import doubtful_sentences
from narrated.podcast.page_episode import PageEpisode
from narrated.podcast.page_markup import page_address
from narrated.podcast.unsaid_text import unsaid_lines
from narrated.printable import encodable

SEARCH_EPISODES = 64
"""The most episodes of a search script, so that one more episode changes one small file."""

_ANNOUNCED = re.compile(r'announced" data-s="([\d ]{1,4096})"')
_ESCAPES = ((b"<", rb"\u003c"), (b"\xe2\x80\xa8", rb"\u2028"), (b"\xe2\x80\xa9", rb"\u2029"))


def episode_script(episode: PageEpisode) -> bytes:
    """Write `<key>.js`: all that the player shows of an episode."""
    data: dict[str, object] = {
        "key": episode.key,
        "title": episode.title,
        "show": episode.show,
        "author": episode.author,
        "language": episode.language,
        "seconds": episode.duration_s,
        "sound": page_address(episode.sound.path),
        "cover": page_address(episode.cover),
        "html": episode.html,
        "sentences": [(each.number, each.start_s, each.end_s) for each in episode.sentences],
        "said": _said(episode),
        "chapters": [(each.start_s, each.title) for each in episode.chapters],
        "files": [(page_address(each.path), each.type) for each in episode.files],
    }
    if doubtful := doubtful_sentences(episode.sentences, episode.doubts):
        data["doubtful"] = doubtful  # else the bytes stay what they were before there were doubts
    return _call("episode", _json(data))


def search_words(episode: PageEpisode) -> bytes:
    """Return an episode's part of a search script: its key, and each line with a start.

    The lines are its sentences, and what its text has beside them: code, rows, captions. A line
    that is not said has the start of the sentence before it, or None.
    """
    said: list[tuple[float | None, str]] = [(each.start_s, each.text) for each in episode.sentences]
    lines = [*said, *unsaid_lines(episode.html, episode.sentences)]
    lines.sort(key=lambda each: -1.0 if each[0] is None else each[0])
    return _json((episode.key, [tuple(each) for each in lines]))


def search_script(number: int, words: Iterable[bytes]) -> bytes:
    """Write `search-<number>.js` of what `search_words` gave for its episodes."""
    return _call("search", b'{"number":%d,"episodes":[%b]}' % (number, b",".join(words)))


def script(kind: str, data: object) -> bytes:
    """Write a script that hands data of a kind to the page."""
    return _call(kind, _json(data))


def _said(episode: PageEpisode) -> dict[int, str]:
    """Return the words that are said in place of a thing, by their sentences' numbers."""
    numbers = {int(each) for found in _ANNOUNCED.findall(episode.html) for each in found.split()}
    return {each.number: each.text for each in episode.sentences if each.number in numbers}


def _call(kind: str, data: bytes) -> bytes:
    return b'narrated.take("%b",%b);\n' % (kind.encode(), data)


def _json(data: object) -> bytes:
    """Encode data so that nothing in it ends a script."""
    encoded = msgspec.json.encode(_encodable(msgspec.to_builtins(data)))
    for sign, escaped in _ESCAPES:
        encoded = encoded.replace(sign, escaped)
    return encoded


def _encodable(data: object) -> object:
    """Replace what UTF-8 cannot encode: names of files may be any bytes."""
    match data:
        case str():
            return data if data.isascii() else encodable(data)
        case dict():
            return {_encodable(key): _encodable(value) for key, value in data.items()}
        case list() | tuple():
            return [_encodable(value) for value in data]
        case _:
            return data

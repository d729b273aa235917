"""The fuzzed functions: every reader of what comes from outside, with its invariants.

A target returns where all is well, or where the bytes were refused by an error for people; it
fails where something that is promised does not hold, and lets every other error through.
"""

import unicodedata
from collections.abc import Callable, Iterable
from contextlib import suppress
from typing import get_args, get_type_hints

import msgspec

from narrated.engines.model_free_captioner import describe
from narrated.errors import EngineError, NarratedError, SourceError
from narrated.outbox import manifest
from narrated.podcast.feed_answers import section_answer
from narrated.post_html.page_text import page_text
from narrated.post_html.spoken_sentences import sentences_of_script
from narrated.reading.cover_jpeg import cover
from narrated.reading.document import Document
from narrated.reading.narration_settings import NarrationSettings, merged, parse_folder_settings
from narrated.reading.source_reader import read
from narrated.script.coverage_counts import count_coverage
from narrated.script.default_voice import SpeechEngines
from narrated.script.lexicon import Lexicon
from narrated.script.preview import preview_lines
from narrated.script.script import Draft, ReadingSettings, Role
from narrated.script.source_to_draft import build_draft
from support.page_texts import check_safe

ENGINES = SpeechEngines({"espeak": 120, "toy": 300})
_KINDS = get_type_hints(ReadingSettings)
CHOICES = {
    **{key: get_args(_KINDS[key]) for key in ("links", "code", "footnotes", "numbers")},
    "pauses": tuple(Role),
    "engine": tuple(ENGINES.limits),
}
_SAID_WITH_A_LEXICON = "It is a good day, ıs İt? So it ſo is: 5 μm or 5 µm, straße, STRASSE. RFC 9."
_UNSPEAKABLE = frozenset({"Cc", "Cs"})


def post(data: bytes) -> None:
    """A Markdown text."""
    _text(data, "a.md")


def page(data: bytes) -> None:
    """An HTML page."""
    _text(data, "a.html")


def text(data: bytes) -> None:
    """A plain text, in any encoding."""
    _text(data, "a.txt")


def front(data: bytes) -> None:
    """Front matter in YAML, and in TOML."""
    for fence in (b"---", b"+++"):
        _text(b"%b\n%b\n%b\nWords.\n" % (fence, data, fence), "a.md")


def folder(data: bytes) -> None:
    """A folder's settings, and the show that they give."""
    _refused(lambda: section_answer(".narrated.yaml", b"podcast:\n  title: A\n  " + data))
    with suppress(UnicodeDecodeError):
        said = _refused(lambda: parse_folder_settings(data.decode(), ".narrated.yaml", CHOICES))
        if isinstance(said, NarrationSettings):
            _check_words([said.author or "", said.date or "", said.album or ""])
            _check_words([said.language or "", said.voice or ""])
            assert merged([said, said]) == said
            _text(
                b"# Words\n\n> More of them.", "a.md", folders=[(".narrated.yaml", data.decode())]
            )


def lexicon(data: bytes) -> None:
    """A lexicon, and what is said with it."""
    with suppress(UnicodeDecodeError):
        if isinstance(_refused(lambda: Lexicon.parse([data.decode()])), Lexicon):
            words = _SAID_WITH_A_LEXICON.encode()
            _text(words, "a.txt", lexicons=[("lexicon.yaml", data.decode())])


def picture(data: bytes) -> None:
    """A picture as a source, as a cover, and as the captioner sees it."""
    for suffix in (".png", ".jpg"):
        _refused(lambda suffix=suffix: read(data, f"a{suffix}"))
    _refused(lambda: cover(data))
    said = _refused(lambda: describe(data), EngineError)
    if isinstance(said, str):
        assert said.strip()
        _check_words([said])


def record(data: bytes) -> None:
    """A manifest that somebody else wrote into the outbox."""
    try:
        found = manifest.decode(data)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return
    found.renamed("b.md", "a", "b")
    again = manifest.decode(manifest.encode(found))
    assert manifest.encode(again) == manifest.encode(found)


TARGETS: dict[str, Callable[[bytes], None]] = {
    each.__name__: each for each in (post, page, text, front, folder, lexicon, picture, record)
}


def _text(
    data: bytes,
    name: str,
    lexicons: Iterable[tuple[str, str]] = (),
    folders: Iterable[tuple[str, str]] = (),
) -> None:
    documents: list[Document] = []
    found = _refused(
        lambda: build_draft(
            data,
            name,
            captions={},
            lexicons=list(lexicons),
            settings=ReadingSettings(),
            engines=ENGINES,
            folders=list(folders),
            on_document=documents.append,
        )
    )
    if isinstance(found, Draft):
        _check(found)
        check_safe(page_text(*documents, sentences_of_script(found.script), {}, {}, "en"))


def _refused(
    act: Callable[[], object], kind: type[NarratedError] = SourceError
) -> object | NarratedError:
    """Give its result, or the user's error that refuses it, whole and on one line."""
    try:
        return act()
    except kind as error:
        assert error.problem.strip()
        assert error.remedy.strip()
        return error


def _check(found: Draft) -> None:
    """Check a plan's invariants: it can be kept, spoken and shown, and loses nothing."""
    assert msgspec.json.decode(msgspec.json.encode(found), type=Draft) == found
    lines = found.script.lines
    _check_words([found.title, found.author, found.date, found.language])
    _check_words([line.text for line in lines])
    assert all(line.text.strip() for line in lines)
    said = "".join("".join(chunk.text.split()) for chunk in found.chunks)
    assert said == "".join("".join(line.text.split()) for line in lines)
    assert all(0 < len(chunk.text) <= ENGINES.limits[_engine(found)] for chunk in found.chunks)
    counts = count_coverage(found.script)
    assert counts.blocks == counts.spoken + counts.announced + counts.skipped
    assert all(skip.kind and skip.reason for skip in found.script.skipped)
    assert all(line.isprintable() for line in preview_lines(found))


def _engine(found: Draft) -> str:
    return found.speakers["narrator"].engine


def _check_words(texts: Iterable[str]) -> None:
    """Words that are spoken, shown and written into tags, and move no cursor there."""
    for words in texts:
        unspeakable = {sign for sign in words if unicodedata.category(sign) in _UNSPEAKABLE}
        assert not unspeakable, f"{unspeakable} in {words!r}"

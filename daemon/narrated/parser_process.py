"""The parser process: a child that parses untrusted files, since a hostile file may crash it.

All parsing of outside bytes runs here. The child opens no path but those of the system's fonts.
"""

import json
import sys
from collections.abc import Callable, Iterable, Mapping
from functools import partial
from typing import Any

import msgspec

from narrated.errors import NarratedError, SourceTookTooLong
from narrated.printable import printable
from narrated.reading.document import Document
from narrated.reading.narration_settings import NarrationSettings
from narrated.script.default_voice import SpeechEngines
from narrated.script.post_review import Lexicons, ReviewAsked, reviewed_draft
from narrated.script.regex_time_limit import (
    NeedsBacktracking,
    RefusingRegexRunner,
    RegexRunner,
    TimeLimitedRegexRunner,
)
from narrated.script.script import Caption, Draft, ReadingSettings
from narrated.script.source_to_draft import build_draft
from narrated.workers.protocol import ChildChannel, die_with_parent

_MESSAGE_CHARACTERS = 1000
_REMEDY = "Check that the file is whole. If it is, please report this error: it is a bug."


def main() -> None:
    """Answer requests on the socket of the first argument, a descriptor, until it closes."""
    die_with_parent()
    channel = ChildChannel.inherited(int(sys.argv[1]))
    while (request := channel.receive()) is not None:
        channel.send(*_answer(*request))


def _answer(header: dict[str, Any], payload: bytes) -> tuple[dict[str, Any], bytes]:
    try:
        return {"ok": True}, _result(header, payload)
    except NeedsBacktracking:
        return {"backtracks": True}, b""
    except NarratedError as error:
        is_slow = isinstance(error, SourceTookTooLong)
        return _failure(error.problem, error.remedy, is_slow), b""
    # A parser may raise any error on a hostile file (RecursionError, its own errors, a bug).
    # That file fails, and the child serves the next request.
    except Exception as error:  # noqa: BLE001
        name = printable(str(header.get("name", "The file")))
        return _failure(f"{name} could not be read: {_described(error)}.", _REMEDY), b""


def _result(header: dict[str, Any], payload: bytes) -> bytes:
    if header["do"] == "plan":
        return msgspec.json.encode(_draft(*_unpacked(header, payload)))
    if header["do"] == "plan_with_text":
        return _draft_with_text(*_unpacked(header, payload))
    if header["do"] == "ping":
        return b""
    if header["do"] == "cover":
        from narrated.reading.cover_jpeg import cover  # late: few requests need Pillow

        return cover(payload, side=header["side"])
    if header["do"] == "feed_cover":
        from narrated.podcast.cover_drawing import cover_jpeg

        return cover_jpeg(header["title"], payload)
    if header["do"] == "picture_copy":
        from narrated.post_html.text_answers import picture_copy

        return picture_copy(payload, header["side"])
    if header["do"] == "feed":
        from narrated.podcast.feed_answers import answer  # late, for the same reason

        return answer(header, payload)
    if header["do"] == "feed_section":
        from narrated.podcast.feed_answers import section_answer

        return section_answer(header["name"], payload)
    if header["do"] == "page":
        from narrated.podcast.page_answers import answer as page_answer

        return page_answer(header, payload)
    if header["do"] == "heard":
        from narrated.take_checks.heard_requests import answer as heard_answer

        return heard_answer(payload, _regex_runner(header))
    if header["do"] == "lexicon_entries":
        return _with_words(payload, header["name"], header["words"])
    raise NarratedError(f"The parser does not know the request `{header['do']}`.")


def _with_words(lexicon: bytes, name: str, words: Mapping[str, str]) -> bytes:
    """Add words to the text of a lexicon, unless it says so already. Errors: SourceError."""
    from narrated.script.lexicon_entries import with_entry  # late: few requests need it

    text = lexicon.decode()
    for word, said in words.items():
        text = with_entry(text, word, said)
    return text.encode()


def _unpacked(header: dict[str, Any], payload: bytes) -> tuple[dict[str, Any], bytes]:
    """Split the payload into the source, and the fields of the request that follow it as JSON."""
    size = header.get("source_bytes", len(payload))
    return header | json.loads(payload[size:] or b"{}"), payload[:size]


def _draft_with_text(header: dict[str, Any], payload: bytes) -> bytes:
    from narrated.post_html.text_answers import answer_with_text  # late: not all have a page

    documents: list[Document] = []
    draft = _draft(header, payload, documents.append)
    return answer_with_text(documents[0], draft, header)


def _draft(
    header: dict[str, Any],
    payload: bytes,
    on_document: Callable[[Document], None] = lambda _: None,
) -> Draft:
    _check_sections(header["folders"])
    engines = msgspec.convert(header["engines"], SpeechEngines)
    build = partial(_built, header, payload, engines, on_document)
    asked = msgspec.convert(header.get("review", {}), ReviewAsked)
    return reviewed_draft(build, asked, engines.limits)


def _built(
    header: dict[str, Any],
    payload: bytes,
    engines: SpeechEngines,
    on_document: Callable[[Document], None],
    words: Lexicons,
) -> Draft:
    """Build the draft of a source; `words` are those of its script file."""
    return build_draft(
        payload,
        header["name"],
        captions=msgspec.convert(header["captions"], dict[str, Caption]),
        lexicons=[*header["lexicons"], *words],
        settings=msgspec.convert(header["settings"], ReadingSettings),
        engines=engines,
        folders=header["folders"],
        folder=header.get("folder", ""),
        regex_runner=_regex_runner(header),
        asked=NarrationSettings(**header.get("asked", {})),
        on_document=on_document,
        pictures=header.get("pictures", ()),
        newest_picture=header.get("newest_picture", ""),
    )


def _check_sections(folders: Iterable[tuple[str, str]]) -> None:
    """Refuse folder settings that give no show that a feed can have. Errors: SourceError."""
    for path, text in folders:
        if "podcast" in text:
            from narrated.podcast.show_section import folder_section  # late: few settings have one

            folder_section(text, path)


def _regex_runner(header: dict[str, Any]) -> RegexRunner:
    return TimeLimitedRegexRunner() if header.get("backtracking") else RefusingRegexRunner()


def _failure(problem: str, remedy: str, is_slow: bool = False) -> dict[str, Any]:
    told = {"problem": _shortened(problem), "remedy": _shortened(remedy)}
    return {"failed": {**told, "slow": is_slow}}


def _shortened(message: str) -> str:
    """Cut a message: a key of a megabyte must not make a note of a megabyte."""
    is_short = len(message) <= _MESSAGE_CHARACTERS
    return message if is_short else f"{message[:_MESSAGE_CHARACTERS]}…"


def _described(error: Exception) -> str:
    return printable(f"{type(error).__name__}: {error}".removesuffix(": ")[:300])


if __name__ == "__main__":
    main()

"""Split a line into sentences."""

from collections.abc import Iterable, Iterator

import sentencex

from narrated.script.language_codes import base_language

_ENDS_WITHOUT_SPACE = ("。", "！", "？", "｡")


def split_sentences(text: str, language: str) -> list[str]:
    """Split a line into its sentences, in order; only white space between them is lost."""
    segments = list(sentencex.segment(base_language(language) or "en", text))
    if len(segments) == 1 or not segments:
        return [text.strip()]
    is_apart = all(segment[-1].isspace() for segment in segments[:-1])
    whole = segments if is_apart else _rejoin(segments)
    joined = [one for segment in whole if (one := segment.strip())]
    is_whole = "".join(segments) == text or _characters(joined) == _characters([text])
    return joined if is_whole else [text.strip()]


def _rejoin(segments: Iterable[str]) -> Iterator[str]:
    """Join sentences split inside a word (`node.js!`)."""
    pending = ""
    for segment in segments:
        if pending and not _may_end(pending) and not segment[:1].isspace():
            pending += segment
            continue
        yield pending
        pending = segment
    yield pending


def _may_end(segment: str) -> bool:
    return segment[-1].isspace() or segment.endswith(_ENDS_WITHOUT_SPACE)


def _characters(segments: Iterable[str]) -> str:
    return "".join("".join(segment.split()) for segment in segments)

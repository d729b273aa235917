"""Where sentences end."""

from collections.abc import Iterable, Iterator

import sentencex

from narrated.script.language_codes import base_language

_ENDS_WITHOUT_SPACE = ("。", "！", "？", "｡")


def split_sentences(text: str, language: str) -> list[str]:
    """Part a line into its sentences, in order; nothing but the white space between them goes."""
    pieces = sentencex.segment(base_language(language) or "en", text)
    found = [piece.strip() for piece in _whole(pieces) if piece.strip()]
    return found if _signs(found) == _signs([text]) else [text.strip()]


def _whole(pieces: Iterable[str]) -> Iterator[str]:
    """Join what was parted inside a word (`node.js!`), where nobody would breathe."""
    pending = ""
    for piece in pieces:
        if pending and not _may_end(pending) and not piece[:1].isspace():
            pending += piece
            continue
        yield pending
        pending = piece
    yield pending


def _may_end(piece: str) -> bool:
    return piece[-1].isspace() or piece.endswith(_ENDS_WITHOUT_SPACE)


def _signs(pieces: Iterable[str]) -> str:
    return "".join("".join(piece.split()) for piece in pieces)

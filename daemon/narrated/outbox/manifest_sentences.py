"""Sentences of a manifest: when each is heard, its words, and where they stand in the source.

They are most of a long narration's manifest, so they stay JSON until somebody asks for them.
"""

from collections.abc import Sequence
from typing import Annotated

import msgspec

from narrated.printable import encodable

MOST_WORDS = 300_000
"""The words of about 30 hours. A longer narration has its sentences without the times of words."""
MOST_SENTENCES_BYTES = 24 << 20
"""Bound on the sentences of a manifest; those of about 200 hours take as much. A longer narration
has its words in its transcripts alone."""
MOST_SENTENCES_VALUES = 1 << 21
"""Bound on the values that are read back: a stranger's `[0,0,…` fills the memory quickly."""

NO_SENTENCES = msgspec.Raw(b"null")

_MOST = (1 << 63) - 1
_Integer = Annotated[int, msgspec.Meta(ge=-_MOST, le=_MOST)]
_Line = Annotated[int, msgspec.Meta(ge=1, le=_MOST)]
_Seconds = Annotated[float, msgspec.Meta(ge=0, le=1e9)]
_INDENT = "\n    "


class SentenceTime(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A sentence, when it is heard, and where it stands in the source."""

    block: _Integer
    lines: tuple[_Line, _Line] | None = None
    """First and last line of its block in the source, from 1; None if they are not known."""
    start_s: _Seconds
    end_s: _Seconds
    spoken: str
    written: str = ""
    """As it stands in the source; empty if that is as it is spoken."""
    words: tuple[_Seconds, ...] = ()
    """When each of the spoken words begins, as white space parts them; none if not known."""


def encoded_sentences(sentences: Sequence[SentenceTime]) -> msgspec.Raw:
    """Encode sentences, one a line; too many lose the times of their words, or are left out."""
    if sum(len(each.words) for each in sentences) > MOST_WORDS:
        sentences = [msgspec.structs.replace(each, words=()) for each in sentences]
    content = f",{_INDENT}".join(map(_encoded, sentences)).encode()
    if not content or len(content) > MOST_SENTENCES_BYTES:
        return NO_SENTENCES
    return msgspec.Raw(b"[%b%b\n  ]" % (_INDENT.encode(), content))


def decoded_sentences(content: msgspec.Raw) -> tuple[SentenceTime, ...]:
    """Decode the sentences of a manifest; none if it has none, or what no narration has."""
    raw = bytes(content)
    if count_values(raw) > MOST_SENTENCES_VALUES or len(raw) > MOST_SENTENCES_BYTES + 1024:
        return ()
    try:
        return msgspec.json.decode(raw, type=tuple[SentenceTime, ...] | None) or ()
    except (msgspec.DecodeError, UnicodeDecodeError):
        return ()


def count_values(content: bytes) -> int:
    """Count at least the values of a JSON text."""
    return sum(map(content.count, (b",", b"[", b"{")))


def _encoded(sentence: SentenceTime) -> str:
    try:
        return msgspec.json.encode(sentence).decode()
    except UnicodeEncodeError:  # a title made from a file name that is not UTF-8
        spoken, written = encodable(sentence.spoken), encodable(sentence.written)
        whole = msgspec.structs.replace(sentence, spoken=spoken, written=written)
        return msgspec.json.encode(whole).decode()

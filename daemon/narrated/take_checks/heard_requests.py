"""The request to a parser to compare what was heard of a take with its text: both are untrusted."""

from collections.abc import Sequence
from typing import Any

import msgspec

from narrated.engines.interface import Mark
from narrated.script.lexicon import Lexicon
from narrated.script.regex_time_limit import RegexRunner
from narrated.script.script import Chunk
from narrated.take_checks.heard_words import HeardWords, compare

REQUEST = "heard"
"""Its name, the field `do` of its header."""


class _Question(msgspec.Struct, frozen=True):
    text: str
    heard: str
    language: str
    marks: tuple[Mark, ...]
    lexicons: tuple[str, ...]


def heard_request(
    chunk: Chunk, heard: str, lexicons: Sequence[str] = ()
) -> tuple[dict[str, Any], bytes]:
    """Give header and payload that ask a parser; `lexicons` are the texts of those that hold."""
    question = _Question(chunk.text, heard, chunk.language, chunk.marks, tuple(lexicons))
    return {"do": REQUEST}, msgspec.json.encode(question)


def answer(payload: bytes, regex_runner: RegexRunner) -> bytes:
    """Answer in the parser. Errors: SourceError if a lexicon is wrong."""
    asked = msgspec.json.decode(payload, type=_Question)
    lexicon = Lexicon.parse(asked.lexicons, regex_runner=regex_runner) if asked.lexicons else None
    found = compare(asked.text, asked.heard, asked.language, asked.marks, lexicon)
    return msgspec.json.encode(found)


def decode_heard_words(content: bytes) -> HeardWords:
    """Decode the parser's answer."""
    return msgspec.json.decode(content, type=HeardWords)

"""The request to a parser to compare what was heard."""

import asyncio

import pytest

from narrated.errors import SourceError
from narrated.script.script import Chunk
from narrated.take_checks.heard_requests import decode_heard_words, heard_request
from narrated.take_checks.verdict import FaultKind
from narrated.workers.parser_pool import ParserPool

CHUNK = Chunk("1", 1, "paragraph", "We put engine x before it.", 0.5, "narrator", "en")


def asked(heard, lexicon):
    async def ask():
        pool = ParserPool()
        try:
            return decode_heard_words(await pool.ask(*heard_request(CHUNK, heard, [lexicon])))
        finally:
            await pool.stop()

    return asyncio.run(ask())


def test_parser_compares_what_was_heard():
    """A parser child compares both texts by the lexicon, even one that needs backtracking."""
    lexicon = "words: {nginx: engine x}\npatterns: [{match: '(?<=q)x', say: 'y'}]"
    assert asked("We put nginx before it.", lexicon).faults == ()
    (fault,) = asked("We put nginx", lexicon).faults
    assert fault.kind is FaultKind.WORDS_MISSING


def test_a_wrong_lexicon_is_told():
    """A lexicon that cannot be read is an error of its own, not of the take."""
    with pytest.raises(SourceError, match="lexicon"):
        asked("We put nginx before it.", "words: 7")

"""Notes that a take's FLAC file carries: its loudness, and the times of its sentences and words."""

import binascii
from base64 import b64decode, b64encode
from zlib import crc32

import msgspec

_MARK = "narrated-notes:"
_CHECKSUM_BYTES = 4
_LONGEST = 1 << 20
"""In characters. An hour, longer than any chunk, has a third of it."""


class TakeNotes(msgspec.Struct, frozen=True, omit_defaults=True):
    """Facts about a take as it was spoken, before it is trimmed, faded or stretched."""

    energies: bytes = b""
    """The K-weighted energy of each 100 ms, packed by `loudness.pack`; empty if unknown."""
    sentences: tuple[tuple[int, float], ...] = ()
    """The start of each sentence: its character in the chunk's text, and its second in the take."""
    words: tuple[tuple[int, float], ...] = ()
    """The start of each word, in the same way."""


NO_NOTES = TakeNotes()
"""Those of a take from before there were notes."""


def to_comment(notes: TakeNotes) -> str:
    """Encode notes as a FLAC comment of a bounded size, with a checksum; "" if there are none."""
    if notes == NO_NOTES:
        return ""
    packed = msgspec.msgpack.encode(notes)
    checksum = crc32(packed).to_bytes(_CHECKSUM_BYTES)
    comment = _MARK + b64encode(checksum + packed).decode("ascii")
    return comment if len(comment) <= _LONGEST else to_comment(_without_longest(notes))


def from_comment(comment: str) -> TakeNotes:
    """Decode a comment; one that is damaged, too long or somebody else's holds no notes."""
    if not comment.startswith(_MARK) or len(comment) > _LONGEST:
        return NO_NOTES
    try:
        content = b64decode(comment.removeprefix(_MARK), validate=True)
        checksum, packed = content[:_CHECKSUM_BYTES], content[_CHECKSUM_BYTES:]
        if crc32(packed).to_bytes(_CHECKSUM_BYTES) != checksum:
            return NO_NOTES
        return msgspec.msgpack.decode(packed, type=TakeNotes)
    except (binascii.Error, ValueError):  # msgspec's errors are ValueErrors
        return NO_NOTES


def _without_longest(notes: TakeNotes) -> TakeNotes:
    """Leave out the words, else the sentences, else everything."""
    if notes.words:
        return msgspec.structs.replace(notes, words=())
    if notes.sentences:
        return msgspec.structs.replace(notes, sentences=())
    return NO_NOTES

"""The last block of a script file: its lines as narrated wrote them, to tell a person's changes."""

import base64
import binascii
import textwrap
import zlib

import msgspec

from narrated.reading.narration_settings import LONGEST_PAUSE_S
from narrated.script.review.line_ids import LINE_ID
from narrated.script.review.review_script import ReviewLine

BEGINNING = "narrated keeps here"
_EXPLANATION = f"{BEGINNING} what it wrote above, to tell your changes from the post's. Leave this."
_WIDTH = 76
_MOST_BYTES = 16 * 2**20


class _KeptLine(msgspec.Struct, frozen=True, array_like=True):
    id: str
    role: str
    text: str
    pause_s: float
    speaker: str
    source: str


def base_block(lines: tuple[ReviewLine, ...]) -> str:
    """Write the block of these lines."""
    kept = [
        _KeptLine(one.id, one.role.value, one.text, one.pause_s or 0.0, one.speaker, one.source)
        for one in lines
    ]
    packed = base64.b64encode(zlib.compress(msgspec.json.encode(kept), 9)).decode()
    return "\n".join([f"<!-- {_EXPLANATION}", *textwrap.wrap(packed, _WIDTH), "-->"])


def read_base_block(comment: str) -> tuple[ReviewLine, ...] | None:
    """Read a comment that is the block; None if somebody has damaged it."""
    packed = "".join(comment.rpartition(".")[2].split())
    try:
        unpacker = zlib.decompressobj()
        content = unpacker.decompress(base64.b64decode(packed, validate=True), _MOST_BYTES)
        if not unpacker.eof:
            return None
        kept = msgspec.json.decode(content, type=tuple[_KeptLine, ...])
        if not all(map(_is_ours, kept)):
            return None
        return msgspec.convert(
            [msgspec.structs.asdict(one) for one in kept], tuple[ReviewLine, ...]
        )
    except (binascii.Error, zlib.error, ValueError, msgspec.MsgspecError):
        return None


def _is_ours(line: _KeptLine) -> bool:
    """True for a line that narrated may have written; a forged one could smuggle in a silence."""
    return bool(LINE_ID.fullmatch(line.id)) and 0 <= line.pause_s <= LONGEST_PAUSE_S

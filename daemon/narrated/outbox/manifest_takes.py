"""Takes of a manifest: how they were checked, and those that were not good at once.

They stay JSON until somebody asks for them, and cost a stranger's manifest nothing else.
"""

from collections.abc import Iterable
from typing import Annotated

import msgspec

from narrated.outbox.manifest_sentences import count_values
from narrated.printable import encodable

MOST_CHUNKS = 1000
"""Bound on the chunks that are told. A longer list keeps the doubtful ones, the first of them."""
MOST_CHARACTERS = 300
"""Bound on what was heard, and on the text's beginning: most chunks are shorter."""
MOST_TAKES_BYTES = 4 << 20
MOST_FAULTS = 16
MOST_NAME = 200

NO_TAKES = msgspec.Raw(b"null")

_MOST = (1 << 31) - 1
_Count = Annotated[int, msgspec.Meta(ge=0, le=_MOST)]
_Block = Annotated[int, msgspec.Meta(ge=-_MOST, le=_MOST)]
_Seconds = Annotated[float, msgspec.Meta(ge=0, le=1e9)]
_Amount = Annotated[float, msgspec.Meta(ge=0, le=1e9)]
_Name = Annotated[str, msgspec.Meta(max_length=MOST_NAME)]
_Text = Annotated[str, msgspec.Meta(max_length=MOST_CHARACTERS)]


class TakeFault(msgspec.Struct, frozen=True):
    """A fault of a take: its kind, how much (seconds, a share, or words), and a sentence of it."""

    kind: _Name
    amount: _Amount
    told: _Text


class ChunkTakes(msgspec.Struct, frozen=True, kw_only=True):
    """A chunk whose take has faults, or that was spoken more than once."""

    chunk: _Count
    """Its number in the narration."""
    block: _Block
    start_s: _Seconds
    end_s: _Seconds
    takes: _Count = 1
    """The number of its takes that were made, the best of which is heard."""
    faults: Annotated[tuple[TakeFault, ...], msgspec.Meta(max_length=MOST_FAULTS)] = ()
    """Those of the take that is heard."""
    accepted: bool = False
    """True if all takes were heard alike: the faults are then the hearing model's own."""
    heard: _Text = ""
    """The beginning of what the hearing model wrote down; empty if none heard it."""
    text: _Text = ""
    """The beginning of what is said."""

    @property
    def is_doubtful(self) -> bool:
        """True if a listener may hear a fault."""
        return bool(self.faults) and not self.accepted


class ManifestTakes(msgspec.Struct, frozen=True, kw_only=True):
    """The checks of a narration's takes."""

    checked: _Count
    """Chunks whose take was checked by its signal."""
    heard: _Count = 0
    """Those that a hearing model listened to as well."""
    hearing: _Name = ""
    """The identity of that model; empty if there was none."""
    rules: _Count = 0
    """The version of the rules by which takes are good or not."""
    retaken: _Count = 0
    """Chunks that were spoken more than once."""
    doubtful: _Count = 0
    """Chunks whose take has faults."""
    accepted: _Count = 0
    """Chunks whose takes were all heard alike, and count as good."""
    chunks: Annotated[tuple[ChunkTakes, ...], msgspec.Meta(max_length=MOST_CHUNKS)] = ()
    """Chunks to be told, in the order of time."""


def bounded(text: str) -> str:
    """Cut a text to what a manifest has of it."""
    whole = encodable(text)
    return whole if len(whole) <= MOST_CHARACTERS else whole[: MOST_CHARACTERS - 1] + "…"


def bounded_name(name: str) -> str:
    """Cut a name to what a manifest has of it."""
    return encodable(name)[:MOST_NAME]


def told_chunks(chunks: Iterable[ChunkTakes]) -> tuple[ChunkTakes, ...]:
    """Return the chunks that a manifest has room for, in the order of time."""
    first = sorted(chunks, key=lambda each: (not each.is_doubtful, each.chunk))[:MOST_CHUNKS]
    return tuple(sorted(first, key=lambda each: each.chunk))


def encoded_takes(takes: ManifestTakes | None) -> msgspec.Raw:
    """Encode takes; none if nothing was checked."""
    if takes is None or not takes.checked:
        return NO_TAKES
    return msgspec.Raw(msgspec.json.encode(takes))


def decoded_takes(content: msgspec.Raw | bytes) -> ManifestTakes | None:
    """Decode the takes of a manifest; None if it has none, or what no narration has."""
    raw = bytes(content)
    if len(raw) > MOST_TAKES_BYTES or count_values(raw) > MOST_CHUNKS * 256:
        return None
    try:
        return msgspec.json.decode(raw, type=ManifestTakes | None)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None

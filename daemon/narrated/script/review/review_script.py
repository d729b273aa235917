"""A script under review: its lines as a person sees and edits them."""

import json
import unicodedata
from collections.abc import Mapping

import msgspec

from narrated.script.script import Role


class ReviewLine(msgspec.Struct, frozen=True):
    """A line of the script file."""

    text: str
    """Its words, with those of other languages in braces: see `inline_languages.py`."""
    role: Role = Role.PARAGRAPH
    id: str = ""
    """Short, and of the words in the source; empty for a line that a person wrote."""
    pause_s: float | None = None
    """Silence after it; None: as narrated has it."""
    speaker: str = ""
    """The speaker; empty for the one of its role."""
    source: str = ""
    """Digest of its words in the source; known only where narrated wrote the line."""
    parted_from: str = ""
    """The id of the line above of which it is the next part; empty for a line of its own."""
    is_bare: bool = False
    """True for a person's words without brackets or mark: they tell no role."""
    number: int = 0
    """Number of its first line in the file; 0 if it is from no file."""


class ReviewScript(msgspec.Struct, frozen=True):
    """The lines in the order in which they are said."""

    lines: tuple[ReviewLine, ...]
    base: tuple[ReviewLine, ...] | None = None
    """The lines as narrated wrote them into the file; None if the file does not tell any more."""
    pronounced: tuple[tuple[str, str], ...] = ()
    """Words, and how they are said, from the lines `pronounce: WORD = SAID`."""


def pronunciations(script: ReviewScript) -> dict[str, str]:
    """Give the pronunciations of a script file; of a word that stands twice, the last."""
    return dict(script.pronounced)


def words_as_lexicon(words: Mapping[str, str]) -> str:
    """Write pronunciations as the text of a lexicon: JSON is YAML, if it has no escaped emoji."""
    return json.dumps({"words": dict(words)}, ensure_ascii=False)


_TYPOGRAPHY = str.maketrans(
    dict.fromkeys("‘’‚‛′", "'") | dict.fromkeys("“”„‟″", '"') | {"–": "--", "—": "--", "…": "..."}
)


def are_same_words(one: str, other: str) -> bool:
    """True if two texts differ at most in what an editor changes by itself.

    Such are curly quotes, a dash for two hyphens, an ellipsis, and composed letters.
    """
    return one == other or _folded(one) == _folded(other)


def _folded(text: str) -> str:
    return " ".join(unicodedata.normalize("NFC", text.translate(_TYPOGRAPHY)).split())

"""Marks that a plain text may hold too: codes of emoji, an editor's comments, citations."""

import re
from collections.abc import Iterator

from narrated.reading.document import Blocks, Paragraph, Text, Unspoken

_MARK = re.compile(
    r"\{>>(?P<comment>[^{}]{1,2000}?)<<\}|(?P<citation>\[(?:see )?-?@[^\[\]\s][^\[\]]{0,300}\])"
)
_CODE = re.compile(r"(?<![\w:/]):[a-z0-9_+-]{1,50}:(?!\w)", re.I)
_SPACE_BEFORE = re.compile(r" +(?=[.,;!?)](?!\w))")


def read_marks(text: str) -> Iterator[Blocks]:
    """Yield a paragraph without its marks, and what is silent."""
    silent: list[Unspoken] = []

    def mark(found: re.Match[str]) -> str:
        if found["comment"] is not None:
            silent.append(Unspoken("comment", "an editor's comment", found["comment"].strip()))
        elif _is_citation(found["citation"]):
            silent.append(Unspoken("citation", "a citation", found["citation"]))
        else:
            return found[0]
        return ""

    words = _MARK.sub(mark, text)
    if silent:
        words = " ".join(_SPACE_BEFORE.sub("", words).split())
    if ":" in words:
        words = _CODE.sub(_emoji, words)
    if words:
        yield Paragraph((Text(words),))
    yield from silent


def _is_citation(text: str) -> bool:
    from narrated.reading.dialects.pandoc import CITATION  # late: most texts need no parser

    return CITATION.fullmatch(text) is not None


def _emoji(found: re.Match[str]) -> str:
    import emoji  # late: most texts need none

    code = found[0].lower()
    sign = emoji.emojize(code, language="alias")
    return found[0] if sign == code else sign

"""The licence that the MODEL_CARD of a Piper voice names. The card is a stranger's text."""

import re

from narrated.models.hub import ContentStream

CARD = "MODEL_CARD"
MOST_CARD_BYTES = 1 << 16
"""A card has some hundred bytes."""

_LICENCE = re.compile(r"[*\-\s]{0,9}licen[cs]e\**\s{0,9}:\**\s{0,9}(\S.*)", re.IGNORECASE)
_MOST_LINE = 300
_MOST_NAME = 100
_MOST_LICENCES = 5
_COMMONS = re.compile(
    r"https?://(?:www\.)?creativecommons\.org/(?:licenses/([a-z-]{2,12})/([\d.]{1,4})"
    r"|publicdomain/(zero|mark))\b\S*",
    re.IGNORECASE,
)


def read_card(stream: ContentStream) -> str:
    """The start of a card, as text."""
    content = b""
    for block in stream.blocks:
        content += block
        if len(content) >= MOST_CARD_BYTES:
            break
    return content[:MOST_CARD_BYTES].decode(errors="replace")


def card_licence(text: str) -> str:
    """The licences that a card names, with commas between them; empty if it names none."""
    lines = (line[:_MOST_LINE] for line in text.splitlines())
    found = (_LICENCE.match(line) for line in lines)
    names = [_named(" ".join(each[1].split()))[:_MOST_NAME] for each in found if each]
    return ", ".join([*dict.fromkeys(names)][:_MOST_LICENCES])


def _named(licence: str) -> str:
    """The short name of a licence of Creative Commons that is given by its address."""
    found = _COMMONS.fullmatch(licence.strip("<>() "))
    if found is None:
        return licence
    terms, version, public = found.groups()
    if public:
        return "CC0-1.0" if public.lower() == "zero" else "public domain"
    return f"CC-{terms.upper()}-{version}"

"""Targets of links that a page may have: none of them can run anything."""

import re

_LONGEST = 2000
_DROPPED = re.compile(r"[\t\n\r]")
"""Signs that browsers drop from an address before they look at its scheme."""
_EDGES = "".join(map(chr, range(0x21)))
_ENCODED = str.maketrans({sign: f"%{ord(sign):02X}" for sign in " \"'<>\\`"})
_SAFE = re.compile(r"(?:https?://|mailto:)[^\x00-\x20\x7f\ud800-\udfff]+", re.I)
_FRAGMENT = re.compile(r"#([^\x00-\x20\ud800-\udfff]+)")


def web_target(target: str) -> str:
    """Return the target of a link as it may stand in a page; empty if it may not."""
    cleaned = _cleaned(target).translate(_ENCODED)
    return cleaned if _SAFE.fullmatch(cleaned) else ""


def fragment(target: str) -> str:
    """Return the name of the place in the same text that a link leads to; empty if to none."""
    found = _FRAGMENT.fullmatch(_cleaned(target))
    return found[1] if found else ""


def _cleaned(target: str) -> str:
    if len(target) > _LONGEST:
        return ""
    return _DROPPED.sub("", target.strip(_EDGES))

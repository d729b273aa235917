"""The `takes` of front matter and folder settings: checks of takes, and what follows from them."""

from collections.abc import Callable, Mapping
from typing import Any

_TRUTHS = {"true": True, "yes": True, "on": True, "false": False, "no": False, "off": False}
_CHECKS = {
    "signal": "signal",
    "ears": "ears",
    "auto": "auto",
    **{word: "auto" if is_on else "off" for word, is_on in _TRUTHS.items()},
}
_PUBLISH = {"checked": "checked", "now": "now"}
MOST_TAKES = 20
"""More would only spend time: takes of one text are wrong for the same reason by then."""

KEYS = ("check", "most", "strict", "publish")
ALLOWED = {
    "check": "signal, ears, off",
    "most": f"a whole number from 1 to {MOST_TAKES}",
    "strict": "true, false",
    "publish": "checked, now",
}
"""The values of each key, for a person."""


def take_setting(key: str, value: str) -> object:
    """Read one value as it is written; None if the key does not allow it."""
    return _READERS[key](value.strip().lower())


def _most(value: str) -> int | None:
    number = int(value) if value.isdecimal() and len(value) < 4 else 0
    return number if 1 <= number <= MOST_TAKES else None


_READERS: Mapping[str, Callable[[str], Any]] = {
    "check": _CHECKS.get,
    "most": _most,
    "strict": _TRUTHS.get,
    "publish": _PUBLISH.get,
}

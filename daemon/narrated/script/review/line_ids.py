"""Short ids of lines, such as `k3f9`: a letter and a digit by turns, so that they are no words."""

import hashlib
import re
from collections import Counter
from collections.abc import Iterable

LINE_ID = re.compile(r"(?:[b-df-hj-np-tv-z]\d){2,8}")
_LETTERS = "bcdfghjkmnpqrstvwxz"
_SHORTEST, _LONGEST = 4, 16


def line_ids(keys: Iterable[str]) -> list[str]:
    """Give each key an id of its own, by its content; equal keys are counted."""
    seen: Counter[str] = Counter()
    taken: set[str] = set()
    found = []
    for key in keys:
        seen[key] += 1
        id = _free(f"{key}\0{seen[key]}", taken)
        taken.add(id)
        found.append(id)
    return found


def _free(key: str, taken: set[str]) -> str:
    """Give the shortest beginning of a key's digest that is free."""
    number = int.from_bytes(hashlib.sha256(key.encode()).digest())
    long = ""
    while len(long) < _LONGEST:
        number, letter = divmod(number, len(_LETTERS))
        number, digit = divmod(number, 10)
        long += f"{_LETTERS[letter]}{digit}"
    lengths = range(_SHORTEST, _LONGEST + 1, 2)
    return next(short for length in lengths if (short := long[:length]) not in taken)

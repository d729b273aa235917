"""Names with numbers in them, run by run."""

import re

from narrated.script.english.acronyms import acronym
from narrated.script.english.numbers import cardinal, hundreds, pairs, plural, spelled

LONG_CODE = "a long code"
LONGEST = 12
"""How many letters and digits without sense are spelled."""

_RUNS = re.compile(r"\d+|[^\W\d_]+")
_MANY_RUNS = 4


def mixed(name: str) -> str:
    """Say a name with numbers in it: x86_64 is "x eighty-six sixty-four"."""
    runs = _RUNS.findall(name)
    if len(name) > LONGEST and len(runs) > _MANY_RUNS:
        return LONG_CODE
    if runs[-1] == "s" and len(runs[0]) > 1 and runs[0].isupper():  # several MP3s
        return plural(mixed(name[:-1]))
    first = [leading(runs[0])] if runs[0].isdigit() else [acronym(runs[0])]
    rest = (inside(run) if run.isdigit() else acronym(run) for run in runs[1:])
    return " ".join([*first, *rest])


def leading(digits: str) -> str:
    """Say a number that a name begins with: 1080p is "ten eighty p", 221B "two twenty-one B"."""
    if len(digits) == 4:
        return pairs(digits)
    return hundreds(digits) if len(digits) == 3 and digits[0] != "0" else inside(digits)


def inside(digits: str) -> str:
    """Say a number inside a name: two digits as one, a year by its pairs, others one by one."""
    if len(digits) == 4 and "1900" <= digits <= "2099":
        return pairs(digits)
    if len(digits) == 3 and digits[1:] != "00" and digits.endswith("0"):
        return hundreds(digits)
    return cardinal(digits) if len(digits) <= 2 else spelled(digits)

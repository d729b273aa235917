"""Names with numbers in them, run by run."""

import re

from narrated.script.english.acronyms import acronym
from narrated.script.english.numbers import cardinal, pairs, spelled

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
    return " ".join(inside(run) if run.isdigit() else acronym(run) for run in runs)


def inside(digits: str) -> str:
    """Say a number inside a name: two digits as one, a year by its pairs, others one by one."""
    if len(digits) == 4 and "1900" <= digits <= "2099":
        return pairs(digits)
    return cardinal(digits) if len(digits) <= 2 else spelled(digits)

"""The day of a date, as blog engines and pages write it."""

import re

_DAY = re.compile(r"(\d{4}-\d\d-\d\d)[T ]\d.*")


def day(written: str) -> str:
    """Give a date without its time, which nobody wants to hear; other dates stay as written."""
    return _DAY.sub(r"\1", written)

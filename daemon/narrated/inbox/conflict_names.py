"""Tells a conflicting copy by its name, as synchronisers write it in many languages."""

import re
import tomllib
from functools import cache
from pathlib import Path
from typing import Any

TABLE = Path(__file__).with_name("conflict_names.toml")
_SUFFIXES = r"(?:\ \(\d+\))?(?:\.[^.()\[\]]{1,16}){0,2}\Z"
"""A number and the file's own suffix may follow a mark."""


def is_conflict_name(name: str) -> bool:
    """True if a file of this name is a synchroniser's copy of another version."""
    return _pattern().search(name) is not None


@cache
def _pattern() -> re.Pattern[str]:
    """The table as one pattern: a mark, or both words in parentheses."""
    table = _table()
    marks = [copy["mark"] for copy in table["copies"]]
    conflict, copy = (f"(?:{'|'.join(table['words'][kind])})" for kind in ("conflict", "copy"))
    said = rf"[(\[](?=[^()\[\]]*{conflict})(?=[^()\[\]]*{copy})[^()\[\]]*[)\]]"
    return re.compile(f"(?:{'|'.join([*marks, said])}){_SUFFIXES}", re.IGNORECASE | re.DOTALL)


def _table() -> dict[str, Any]:
    return tomllib.loads(TABLE.read_text(encoding="utf-8"))

"""The interpreter that an engine of another distribution names for itself, read from its source.

The module of an entry point may have `PYTHON = "engines/tones/bin/python"`. An import of the module
may need gigabytes of libraries that are not here, so its text is parsed instead.
"""

import ast
import os
import sys
from collections.abc import Iterable
from pathlib import Path

NAME = "PYTHON"
_MOST_BYTES = 1 << 20


def own_interpreter(module: str, folders: Iterable[str | os.PathLike[str]]) -> str:
    """The path of the interpreter that a module names; empty if it names none.

    A relative path begins at the folder of narrated's own environment. Raises ValueError if the
    module names it by anything but a text.
    """
    source = next(filter(None, (_source(module, Path(each)) for each in folders)), b"")
    told = _constant(source) if NAME.encode() in source else None
    if told is None:
        return ""
    if not isinstance(told, str) or not told.isprintable() or not told:
        raise ValueError(f"{module} names its interpreter, {NAME}, by no text")
    return str(Path(sys.prefix, told))


def _source(module: str, folder: Path) -> bytes:
    """The text of a module in a folder of the path; empty if it is not there, or is too long."""
    place = folder.joinpath(*module.partition(":")[0].split("."))
    for file in (place / "__init__.py", place.with_name(f"{place.name}.py")):
        try:
            with file.open("rb") as content:
                text = content.read(_MOST_BYTES + 1)
        except OSError:
            continue
        return text if len(text) <= _MOST_BYTES else b""
    return b""


def _constant(source: bytes) -> object:
    """The last value of PYTHON at the top of a module; None if there is none."""
    told: object = None
    try:
        statements = ast.parse(source).body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None  # its worker tells that the module cannot be imported
    for each in statements:
        if not isinstance(each, ast.Assign | ast.AnnAssign):
            continue
        targets = each.targets if isinstance(each, ast.Assign) else [each.target]
        if any(isinstance(target, ast.Name) and target.id == NAME for target in targets):
            told = each.value.value if isinstance(each.value, ast.Constant) else ...
    return told

"""Words the problems of a configuration's file: the key, what is wrong with it, and the remedy."""

import difflib
import errno
import re
from collections.abc import Iterator
from pathlib import Path
from types import UnionType
from typing import Any, Literal, get_args, get_origin, get_type_hints

import msgspec
import yaml

from narrated.config.values import (
    LOUDEST_LUFS,
    LOWEST_DBTP,
    QUIETEST_LUFS,
    Config,
    Section,
)
from narrated.errors import ConfigurationError
from narrated.reading.narration_settings import FASTEST, SLOWEST
from narrated.reading.take_settings import MOST_TAKES
from narrated.script.script import Speaker

_KINDS = {
    "object": "a group of keys",
    "array": "a list",
    "str": "text",
    "int": "a whole number",
    "float": "a number",
    "bool": "true or false",
    "null": "nothing",
}
_REMEDIES = {
    "speed": f"Set a number from {SLOWEST:g} to {FASTEST:g}.",
    "loudness": f"Set LUFS from {QUIETEST_LUFS:g} to {LOUDEST_LUFS:g}, such as -16, or off.",
    "peak": f"Set dBTP from {LOWEST_DBTP:g} to 0, such as -1.",
    "check": "Choose one of signal, ears, off.",
    "most": f"Set a whole number from 1 to {MOST_TAKES}.",
    "intro": "Name a sound file, or write a sentence in quotes.",
    "outro": "Name a sound file, or write a sentence in quotes.",
}
_OTHER = "Name another with --config FILE, or write one with `narrated config init`."
_MEND = "Mend that line; `narrated config init --print` shows a valid file."


def unreadable(path: Path, error: OSError | UnicodeDecodeError) -> ConfigurationError:
    """The error for a file that cannot be read, or is no text."""
    if isinstance(error, UnicodeDecodeError):
        return ConfigurationError(
            f"The configuration {path} cannot be read: it is not UTF-8 text.",
            "Save it as UTF-8, or write another with `narrated config init`.",
        )
    problem = f"The configuration {path} cannot be read: {error.strerror}."
    if error.errno == errno.EACCES:
        remedy = "Ask as an account that may read it, such as with sudo, or name another with"
        return ConfigurationError(problem, f"{remedy} --config FILE.")
    return ConfigurationError(problem, _OTHER)


def invalid_yaml(source: Path, error: Exception) -> ConfigurationError:
    """The error for a file that is not YAML, with its line."""
    mark = getattr(error, "problem_mark", None)
    why = str(getattr(error, "problem", None) or error)
    if "'\\t'" in why:
        why = "a tab stands there; use spaces"
    why = why.replace("'<stream end>'", "the end of the file")
    line = f"line {mark.line + 1}: " if mark else ""
    return ConfigurationError(f"{source} is not valid YAML: {line}{why}.", _MEND)


def invalid_value(source: Path, error: msgspec.ValidationError) -> ConfigurationError:
    """The error for an unknown key, a missing one, or a value that a key does not take."""
    message, _, position = str(error).partition(" - at ")
    where = position.rpartition(" in ")[2].strip("`")  # "`key` in `$.reading.pauses`"
    key = where.removeprefix("$").removeprefix(".").replace("[...]", "")
    if unknown := re.search(r"unknown field `(.*)`", message):
        full = ".".join(part for part in (key, unknown[1]) if part)
        return ConfigurationError(
            f"{source}: unknown key `{full}`.",
            f"{_hint(key, unknown[1])} `narrated config init --print` lists every key.",
        )
    if missing := re.search(r"missing required field `(.*)`", message):
        full = ".".join(part for part in (key, missing[1]) if part)
        value = "NAME" if key else "FOLDER"
        return ConfigurationError(
            f"{source}: the key `{full}` is missing.", f"Add a line `{missing[1]}: {value}`."
        )
    choices = ", ".join(map(str, _choices(key)))
    remedy = _REMEDIES.get(key.rpartition(".")[2], _MEND)
    if choices:
        remedy = f"Choose one of {choices}."
    return ConfigurationError(f"{source}: `{key or 'file'}`: {_plain(message)}.", remedy)


def _plain(message: str) -> str:
    """Say a decoder's message in words that need no knowledge of it."""
    if chosen := re.fullmatch(r"Invalid enum value '(.*)'", message):
        return f"'{chosen[1]}' is none of its choices"
    message = message.replace("`None`", "nothing").replace(" | null`", "`")
    message = message.replace("`str | object`", "text or a group of keys")
    message = message.replace("`bool | float`", "a number or off")
    return re.sub(r"`(\w+)`", lambda kind: _KINDS.get(kind[1], kind[0]), message)


def _hint(section: str, name: str) -> str:
    """The place of a key that stands elsewhere, or a similar key of the same section."""
    if sections := sorted({where for where, key in _keys() if key == name and where}):
        places = " or ".join(f"`{where}: {{{name}: …}}`" for where in sections)
        return f"It belongs into a section: {places}."
    similar = difflib.get_close_matches(name, _keys_of(section), n=1)
    return f"Did you mean `{similar[0]}`?" if similar else "Remove it."


def _keys_of(section: str) -> list[str]:
    """List the keys that stand in a section, such as `speech`; "" for the file itself."""
    kind = _kind_of(section)
    while get_args(kind):  # the values of a mapping, such as `engines`, or a section or nothing
        kind = next((each for each in get_args(kind)[::-1] if each is not type(None)), None)
    is_section = isinstance(kind, type) and issubclass(kind, msgspec.Struct)
    return [key for key in kind.__struct_fields__ if key != "source"] if is_section else []


def _keys() -> Iterator[tuple[str, str]]:
    """Yield each key with its section, empty for the file itself and for what names sections."""
    sections = get_type_hints(Config)
    named: dict[Any, str] = {kind: name for name, kind in sections.items()}
    structs: tuple[type[msgspec.Struct], ...] = (*Section.__subclasses__(), Speaker)
    for section in structs:
        for key in section.__struct_fields__:
            if key != "source":
                yield named.get(section, ""), key


def _choices(key: str) -> tuple[Any, ...]:
    """Give the words that a key accepts; empty if it accepts any value."""
    kind = _kind_of(key)
    return get_args(kind) if get_origin(kind) is Literal else ()


def _kind_of(key: str) -> Any:
    """Give the type of a key such as `reading.links`; None if it is not known, Config for ""."""
    kind: Any = Config
    for part in filter(None, key.split(".")):
        is_section = isinstance(kind, type) and issubclass(kind, msgspec.Struct)
        kind = get_type_hints(kind).get(part) if is_section else None
        if isinstance(kind, UnionType):  # a section, or none
            kind = next((each for each in get_args(kind) if each is not type(None)), None)
    return kind


def yaml_twice(node: yaml.Node, key: str) -> yaml.YAMLError:
    """The error for a key that is given twice."""
    return yaml.YAMLError(f"line {node.start_mark.line + 1}: `{key}` is given twice")

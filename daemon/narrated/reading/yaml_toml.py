"""Loads small YAML and TOML mappings; every scalar stays the string that its author wrote.

Front matter, folder settings and lexicons are such mappings.
"""

import datetime
from typing import Any

from narrated.errors import SourceError
from narrated.reading.text_decoding import cleaned, has_controls

_MOST_CHARACTERS = 1_000_000
_DEEPEST = 20
_REMEDY = "Correct it; put a value with a colon or another sign in quotation marks."
_INVISIBLE = "Remove it; write a backslash between double quotes twice."


def load_yaml(text: str, label: str) -> dict[str, object]:
    """Load a YAML mapping; `label` names the text in a SourceError.

    `title: 1984`, `date: 2024-01-02` and `title: No` give strings, not a number, a date or a truth
    value. Aliases are refused, because they make a small file expand to a huge one.
    """
    import yaml  # late: few texts need it

    if len(text) > _MOST_CHARACTERS:
        raise SourceError(f"{label} is too long ({len(text):,} characters).", "Shorten it.")
    try:
        _check_tokens(text, label)
        found = yaml.load(text, yaml.BaseLoader)  # builds nothing but str, list and dict
    except (yaml.YAMLError, RecursionError, ValueError, OverflowError) as error:
        raise SourceError(f"{label} is not valid YAML{_location(error)}.", _REMEDY) from error
    if found in (None, ""):
        return {}
    if not isinstance(found, dict):
        problem = f"{label} is not a mapping of `key: value`."
        raise SourceError(problem, "Write lines of `key: value`.")
    if not all(isinstance(key, str) for key in found):
        problem = f"{label} has a key that is not a plain word."
        raise SourceError(problem, "Write a plain word as the key.")
    return found


def load_toml(text: str, label: str) -> dict[str, object]:
    """Load a TOML table; `label` names the text in a SourceError.

    Scalars become the strings that YAML would give, so `narrate = false` means the same in both.
    """
    import tomllib  # late: few texts need it

    try:
        found = tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError, ValueError) as error:
        raise SourceError(f"{label} is not valid TOML ({error}).", "Correct it.") from error
    return {key: as_strings(value) for key, value in found.items()}


def _check_tokens(text: str, label: str) -> None:
    """Refuse YAML that is slow to parse or expands, at the first token that shows it."""
    import yaml

    depth = 0
    for token in yaml.scan(text):
        name = type(token).__name__
        if isinstance(token, yaml.ScalarToken) and has_controls(token.value):
            line = token.start_mark.line + 1
            raise SourceError(f"{label} has an invisible character (line {line}).", _INVISIBLE)
        if name == "AliasToken":
            raise SourceError(f"{label} uses a YAML alias (*name).", "Write the value out.")
        depth += name.endswith("StartToken") and name != "StreamStartToken"
        depth -= name.endswith("EndToken")
        if depth > _DEEPEST:
            raise SourceError(f"{label} is nested too deeply.", "Flatten it.")


def _location(error: Exception) -> str:
    mark = getattr(error, "problem_mark", None)
    problem = getattr(error, "problem", None) or type(error).__name__
    return f" (line {mark.line + 1}: {problem})" if mark else f" ({problem})"


def as_strings(value: Any) -> object:
    """Return a loaded value with the strings that YAML would give; `null` is empty."""
    if value is None:
        return ""
    if isinstance(value, dict):
        return {key: as_strings(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [as_strings(inner) for inner in value]
    if isinstance(value, datetime.datetime | datetime.date):
        return value.isoformat()
    return str(value).lower() if isinstance(value, bool) else cleaned(str(value))

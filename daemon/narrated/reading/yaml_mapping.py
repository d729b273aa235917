"""Small YAML mappings, of scalars as they were written: front matter and lexicons."""

from narrated.errors import SourceError
from narrated.reading.text_decoding import is_unfit

_MOST_CHARACTERS = 1_000_000
_DEEPEST = 20
_REMEDY = "Mend it; a value with a colon or another sign in it is put in quotation marks."

_INVISIBLE = "Take it out; a backslash between double quotes is written twice."


def mapping(text: str, what: str) -> dict[str, object]:
    """Read a YAML mapping whose every scalar stays the string that its author wrote.

    So `title: 1984`, `date: 2024-01-02` and `title: No` are no number, date or truth value.
    `what` names the text in a SourceError. Aliases are refused: they make small bombs large.
    """
    import yaml  # late: most texts need none

    if len(text) > _MOST_CHARACTERS:
        raise SourceError(f"{what} is too long ({len(text):,} characters).", "Shorten it.")
    try:
        _check_tokens(text, what)
        found = yaml.load(text, yaml.BaseLoader)  # builds nothing but str, list and dict
    except (yaml.YAMLError, RecursionError, ValueError, OverflowError) as error:
        raise SourceError(f"{what} is not valid YAML{_place(error)}.", _REMEDY) from error
    if not isinstance(found, dict):
        return _nothing(found, what)
    if not all(isinstance(key, str) for key in found):
        raise SourceError(f"{what} has a key that is no plain word.", "Mend it.")
    return found


def _check_tokens(text: str, what: str) -> None:
    """Refuse what makes YAML slow or large, at the first token that shows it."""
    import yaml

    depth = 0
    for token in yaml.scan(text):
        name = type(token).__name__
        if isinstance(token, yaml.ScalarToken) and is_unfit(token.value):
            line = token.start_mark.line + 1
            raise SourceError(f"{what} has an invisible sign in it (line {line}).", _INVISIBLE)
        if name == "AliasToken":
            raise SourceError(f"{what} uses a YAML alias (*name).", "Write the value out.")
        depth += name.endswith("StartToken") and name != "StreamStartToken"
        depth -= name.endswith("EndToken")
        if depth > _DEEPEST:
            raise SourceError(f"{what} is nested too deeply.", "Flatten it.")


def _nothing(found: object, what: str) -> dict[str, object]:
    if found in (None, ""):
        return {}
    raise SourceError(f"{what} is no mapping of `key: value`.", "Mend it.")


def _place(error: Exception) -> str:
    mark = getattr(error, "problem_mark", None)
    problem = getattr(error, "problem", None) or type(error).__name__
    return f" (line {mark.line + 1}: {problem})" if mark else f" ({problem})"

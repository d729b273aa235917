"""Small TOML tables, as front matter holds them, read as the strings that their author wrote."""

import datetime
from typing import Any

from narrated.errors import SourceError
from narrated.reading.text_decoding import cleaned


def toml(text: str, what: str) -> dict[str, object]:
    """Read a TOML table whose scalars become strings; `what` names the text in a SourceError.

    So `date = 2024-01-02` and `narrate = false` mean what they mean in YAML.
    """
    import tomllib  # late: few texts need it

    try:
        found = tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError, ValueError) as error:
        raise SourceError(f"{what} is not valid TOML ({error}).", "Mend it.") from error
    return {key: _plain(value) for key, value in found.items()}


def _plain(value: Any) -> object:
    if isinstance(value, dict):
        return {key: _plain(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [_plain(inner) for inner in value]
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, datetime.datetime | datetime.date):
        return value.isoformat()
    return cleaned(str(value))

"""Front matter: splits a post into metadata (YAML, TOML or a Pandoc title block) and body."""

import re

from narrated.errors import SourceError
from narrated.printable import printable
from narrated.reading.document import Unspoken
from narrated.reading.narration_settings import FRONT_MATTER_KEYS, Choices, NarrationSettings, parse
from narrated.reading.yaml_toml import load_toml, load_yaml

_MOST_CHARACTERS = 64_000
_LINES = r"(?P<text>(?:[^\n]*\n){0,999}?)"
_YAML = re.compile(rf"\A---[ \t]*\n{_LINES}(?:---|\.\.\.)[ \t]*(?:\n|\Z)")
_TOML = re.compile(rf"\A\+\+\+[ \t]*\n{_LINES}\+\+\+[ \t]*(?:\n|\Z)")
_MOST_LINES_OF_TITLE = 20
# A thematic break above prose looks the same, so front matter needs a line such as `key:`.
_YAML_ENTRY = re.compile(r"^[\w\"'-]+[ \t]*:(?:[ \t]|$)", re.M)
_TOML_ENTRY = re.compile(r"^[\w\"'.-]+[ \t]*=|^\[", re.M)


def split_front_matter(
    text: str, name: str, choices: Choices
) -> tuple[NarrationSettings, tuple[Unspoken, ...], str]:
    """Split a source into its metadata, the front matter that narrated does not use, and its body.

    A source without front matter is all body. Raises SourceError for broken front matter.
    """
    label = f"The front matter of {printable(name)}"
    for fence, entry, load in ((_YAML, _YAML_ENTRY, load_yaml), (_TOML, _TOML_ENTRY, load_toml)):
        found = fence.match(text)
        if found and entry.search(found["text"]):
            if len(found["text"]) > _MOST_CHARACTERS:
                raise SourceError(f"{label} is too long.", "Shorten it.")
            entries = load(f"\n{found['text']}", label)  # line breaks as in the file, for errors
            used, unused = _split_keys(entries)
            metadata = parse(used, label, choices)
            return metadata, unused, text[found.end() :]
    return _split_title_block(text, name)


def _split_title_block(text: str, name: str) -> tuple[NarrationSettings, tuple[Unspoken, ...], str]:
    """Split Pandoc's lines `% title`, `% author; author`, `% date` from Markdown."""
    if not (text.startswith("%") and name.lower().endswith((".md", ".markdown"))):
        return NarrationSettings(), (), text
    *lines, body = text.split("\n", _MOST_LINES_OF_TITLE)
    count = next((at for at, line in enumerate(lines) if line[:1] not in ("%", " ", "\t")), 0)
    title, authors, date, *more = _fields(lines[:count])
    # An empty line ends the block, after three fields at most; anything else is text.
    if not count or lines[count].strip() or any(more):
        return NarrationSettings(), (), text
    author = " and ".join(one.strip() for one in authors.split(";") if one.strip())
    metadata = NarrationSettings(title=title or None, date=date or None, author=author or None)
    return metadata, (), "\n".join([*lines[count:], body])


def _fields(lines: list[str]) -> list[str]:
    """Join each field of a title block with its continuation lines."""
    fields = "\n".join(lines).split("\n%")
    return [*(" ".join(field.removeprefix("%").split()) for field in fields), "", ""]


def _split_keys(entries: dict[str, object]) -> tuple[dict[str, object], tuple[Unspoken, ...]]:
    used: dict[str, object] = {}
    unused: list[Unspoken] = []
    reason = "front matter that narrated does not use"
    for key, value in entries.items():
        if key.lower() in FRONT_MATTER_KEYS:
            used[key.lower()] = value
        else:
            unused.append(Unspoken("front matter", reason, f"{key}: {_shown(value)}"[:200]))
    return used, tuple(unused)


def _shown(value: object) -> str:
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)

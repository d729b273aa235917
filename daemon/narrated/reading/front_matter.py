"""Front matter: what an author says of a post above its text, in YAML, TOML or Pandoc's lines."""

import re

from narrated.errors import SourceError
from narrated.printable import printable
from narrated.reading.dates import day
from narrated.reading.document import FrontMatter, Unspoken
from narrated.reading.toml_table import toml
from narrated.reading.yaml_mapping import mapping

_MOST_CHARACTERS = 64_000
_LINES = r"(?P<text>(?:[^\n]*\n){0,999}?)"
_YAML = re.compile(rf"\A---[ \t]*\n{_LINES}(?:---|\.\.\.)[ \t]*(?:\n|\Z)")
_TOML = re.compile(rf"\A\+\+\+[ \t]*\n{_LINES}\+\+\+[ \t]*(?:\n|\Z)")
_MOST_LINES_OF_TITLE = 20
# A thematic break above prose looks alike: only something like `key:` makes front matter.
_YAML_ENTRY = re.compile(r"^[\w\"'-]+[ \t]*:(?:[ \t]|$)", re.M)
_TOML_ENTRY = re.compile(r"^[\w\"'.-]+[ \t]*=|^\[", re.M)
_TEXTS = {
    "title": "title",
    "date": "date",
    "author": "author",
    "authors": "author",
    "language": "language",
    "lang": "language",
    "engine": "engine",
    "voice": "voice",
    "lexicon": "lexicon",
}
_TRUTHS = {"true": True, "yes": True, "on": True, "false": False, "no": False, "off": False}
_NOTHING = ("", "~", "null")


def parted(text: str, name: str) -> tuple[FrontMatter, tuple[Unspoken, ...], str]:
    """Part a source into its front matter, what of that is not ours to use, and its body.

    Without front matter everything is body. Raises SourceError for front matter that is broken.
    """
    what = f"The front matter of {printable(name)}"
    for fence, entry, read in ((_YAML, _YAML_ENTRY, mapping), (_TOML, _TOML_ENTRY, toml)):
        found = fence.match(text)
        if found and entry.search(found["text"]):
            if len(found["text"]) > _MOST_CHARACTERS:
                raise SourceError(f"{what} is too long.", "Shorten it.")
            entries = read(f"\n{found['text']}", what)  # so that errors name the file's line
            return _front(entries, what), _unused(entries), text[found.end() :]
    return _titled(text, name)


def _titled(text: str, name: str) -> tuple[FrontMatter, tuple[Unspoken, ...], str]:
    """Part Markdown from the lines `% title`, `% author; author`, `% date` that Pandoc knows."""
    if not (text.startswith("%") and name.lower().endswith((".md", ".markdown"))):
        return FrontMatter(), (), text
    *lines, body = text.split("\n", _MOST_LINES_OF_TITLE)
    count = next((at for at, line in enumerate(lines) if line[:1] not in ("%", " ", "\t")), 0)
    title, authors, date, *more = _fields(lines[:count])
    # An empty line ends it, after three of these at most; else it is a text.
    if not count or lines[count].strip() or any(more):
        return FrontMatter(), (), text
    author = " and ".join(one.strip() for one in authors.split(";") if one.strip())
    front = FrontMatter(title=title or None, date=date or None, author=author or None)
    return front, (), "\n".join([*lines[count:], body])


def _fields(lines: list[str]) -> list[str]:
    """Join the lines of a title, of its authors and of its date, each with what continues it."""
    fields = "\n".join(lines).split("\n%")
    return [*(" ".join(field.removeprefix("%").split()) for field in fields), "", ""]


def _front(entries: dict[str, object], what: str) -> FrontMatter:
    texts: dict[str, str] = {}
    narrate: bool | None = None
    for key, value in entries.items():
        field = _TEXTS.get(key.lower())
        if value in _NOTHING or value == []:
            continue
        if field:
            texts[field] = _tidied(field, _text(value, key, what))
        elif key.lower() == "narrate":
            narrate = _truth(value, key, what)
    return FrontMatter(narrate=narrate, **texts)


def _tidied(field: str, text: str) -> str:
    if field == "date":
        return day(text)
    return text.replace("_", "-") if field == "language" else text


def _text(value: object, key: str, what: str) -> str:
    if isinstance(value, list) and value:
        return " and ".join(_text(one, key, what) for one in value)
    if isinstance(value, dict) and isinstance(value.get("name"), str):
        return str(value["name"])  # author: {name: Ada, email: ...}
    if not isinstance(value, str):
        raise SourceError(f"{what} has a `{key}` that is no text.", "Write a plain value there.")
    return " ".join(value.split())


def _truth(value: object, key: str, what: str) -> bool:
    truth = _TRUTHS.get(value.lower()) if isinstance(value, str) else None
    if truth is None:
        raise SourceError(
            f"{what} has a `{key}` that is neither true nor false.", "Write true or false."
        )
    return truth


def _unused(entries: dict[str, object]) -> tuple[Unspoken, ...]:
    ours = {*_TEXTS, "narrate"}
    reason = "front matter that we have no use for"
    return tuple(
        Unspoken("front matter", reason, f"{key}: {_shown(value)}"[:200])
        for key, value in entries.items()
        if key.lower() not in ours
    )


def _shown(value: object) -> str:
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)

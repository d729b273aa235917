"""Front matter: what an author says of a post above its text, between two lines of `---`."""

import re

from narrated.errors import SourceError
from narrated.printable import printable
from narrated.reading.document import FrontMatter, Unspoken
from narrated.reading.mapping import mapping

_MOST_CHARACTERS = 64_000
_FENCED = re.compile(r"\A---[ \t]*\n(?P<text>(?:[^\n]*\n){0,999}?)(?:---|\.\.\.)[ \t]*(?:\n|\Z)")
_ENTRY = re.compile(r"^[\w\"'-]+[ \t]*:(?:[ \t]|$)", re.M)
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
    found = _FENCED.match(text)
    # A thematic break above prose looks alike: only something like `key:` makes front matter.
    if not found or not _ENTRY.search(found["text"]):
        return FrontMatter(), (), text
    what = f"The front matter of {printable(name)}"
    if len(found["text"]) > _MOST_CHARACTERS:
        raise SourceError(f"{what} is too long.", "Shorten it.")
    entries = mapping(found["text"], what)
    return _front(entries, what), _unused(entries), text[found.end() :]


def _front(entries: dict[str, object], what: str) -> FrontMatter:
    texts: dict[str, str] = {}
    narrate = True
    for key, value in entries.items():
        field = _TEXTS.get(key.lower())
        if value in _NOTHING or value == []:
            continue
        if field:
            texts[field] = _text(value, key, what)
        elif key.lower() == "narrate":
            narrate = _truth(value, key, what)
    return FrontMatter(narrate=narrate, **texts)


def _text(value: object, key: str, what: str) -> str:
    if isinstance(value, list) and all(isinstance(one, str) for one in value):
        return " and ".join(value)
    if isinstance(value, dict) and isinstance(value.get("name"), str):
        return str(value["name"])  # author: {name: Ada, email: ...}
    if not isinstance(value, str):
        raise SourceError(f"{what} has a `{key}` that is no text.", "Write a plain value there.")
    return " ".join(value.split())


def _truth(value: object, key: str, what: str) -> bool:
    truth = _TRUTHS.get(value.lower()) if isinstance(value, str) else None
    if truth is None:
        raise SourceError(f"{what} has a `{key}` that is neither true nor false.", "Mend it.")
    return truth


def _unused(entries: dict[str, object]) -> tuple[Unspoken, ...]:
    ours = {*_TEXTS, "narrate"}
    text = ", ".join(f"{key}: {value}" for key, value in entries.items() if key.lower() not in ours)
    reason = "front matter that we have no use for"
    return (Unspoken("front matter", reason, text[:200]),) if text else ()

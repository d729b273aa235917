"""Finds the front matter above a post: YAML, TOML, JSON, Org's keywords, headers, title blocks.

YAML stands between `---`, TOML between `+++`, JSON in braces or above `;;;`, Org's keywords behind
`#+`. Pandoc's title block is lines behind `%`; Pelican, MultiMarkdown and Hexo need no fence.
"""

import json
import re
from collections.abc import Callable
from typing import NamedTuple

from narrated.errors import SourceError
from narrated.reading.broken_entries import EntryForm, read_entries
from narrated.reading.yaml_toml import as_strings, load_toml, load_yaml

_MOST_CHARACTERS = 64_000
_MOST_LINES_OF_TITLE = 20
_MOST_LINES_OF_HEADER = 40
_LINES = r"(?P<text>(?:[^\n]*\n){0,4999}?)"
_YAML = re.compile(
    rf"(?:[ \t]*\n){{0,9}}---[ \t]*(?P<kind>ya?ml|json[5c]?|js|javascript|toml)?[ \t]*\n{_LINES}"
    r"(?:---|\.\.\.)[ \t]*(?:\n|\Z)"
)
_TOML = re.compile(rf"(?:[ \t]*\n){{0,9}}\+\+\+[ \t]*\n{_LINES}\+\+\+[ \t]*(?:\n|\Z)")
_SEMICOLONS = re.compile(rf"(?:;;;[ \t]*\n)?(?=;;;|[ \t\n]*[\"{{]){_LINES};;;[ \t]*(?:\n|\Z)")
_BRACES = re.compile(rf"\{{[ \t]*\n{_LINES}\}}[ \t]*(?:\n|\Z)")
_COMMENT = re.compile(r"(?<![^\s,])//[^\n]*")
_SEMICOLON_LINE = re.compile(r"\s{0,99};;;[ \t]*(?:\n|\Z)")
_ORG = re.compile(
    r"(?::PROPERTIES:[ \t]*\n(?P<drawer>(?:[ \t]*:[^\n]*\n){0,99}?)[ \t]*:END:[ \t]*\n\s{0,99})?"
    r"(?P<text>(?:#\+[\w-]+(?:\[\])?:[^\n]*(?:\n|\Z)(?:[ \t]*\n(?=#\+[\w-]+(?:\[\])?:))?){1,200})"
)
_ORG_LINE = re.compile(r"#\+(?P<key>[\w-]+)(?:\[\])?:[ \t]*(?P<value>[^\n]*)")
_ORG_SENTENCES = ("title", "subtitle", "description")
# A thematic break above prose looks the same, so front matter needs a line such as `key:`.
_YAML_ENTRY = re.compile(r"^[\w\"'-]+[ \t]*:(?:[ \t]|$)", re.M)
_TOML_ENTRY = re.compile(r"^[\w\"'.-]+[ \t]*=|^\[", re.M)
_HEADER_LINE = re.compile(r"(?P<key>[A-Za-z][\w -]{0,30}?)[ \t]*:(?:[ \t]+(?P<value>.*))?[ \t]*")

_BROKEN_YAML = EntryForm(
    re.compile(
        r"(?:\"(?P<a>[^\"\n]{1,99})\"|'(?P<b>[^'\n]{1,99})'|(?P<c>\w[^:\n]{0,99}?))[ \t]*:(?=\s|$)"
    ),
    lambda text: load_yaml(text, "It"),
)
_BROKEN_TOML = EntryForm(
    re.compile(
        r"(?:\"(?P<a>[^\"\n]{1,99})\"|\[{1,2}(?P<b>[^\[\]\n]{1,99})\]|(?P<c>[\w.-]{1,99}))"
        r"[ \t]*(?:=|(?<=\])\]?)"
    ),
    lambda text: load_toml(text, "It"),
)
_BROKEN_JSON = EntryForm(
    re.compile(
        r"[ \t]*(?:\"(?P<a>[^\"\n]{1,99})\"|'(?P<b>[^'\n]{1,99})'|(?P<c>[A-Za-z_$][\w$-]{0,99}))"
        r"[ \t]*:(?=\s|[\"'])"
    ),
    lambda text: _json(text),
)


class UnreadPart(NamedTuple):
    """A part of front matter that is broken, and the reason."""

    reason: str
    text: str


class FrontMatter(NamedTuple):
    """Front matter as written, in strings, lists and mappings, and the text below it."""

    entries: dict[str, object]
    unread: tuple[UnreadPart, ...]
    body: str


IsKnown = Callable[[str], bool]
"""True for a key that narrated, or a blog engine that it knows, gives a meaning."""


def find_front_matter(text: str, name: str, is_known: IsKnown) -> FrontMatter | None:
    """Find the front matter of a source; None if it is all text.

    Broken front matter is read entry by entry, so it never fails a post.
    """
    for form in (_fenced_yaml, _fenced_toml, _json_front_matter, _org):
        if found := form(text, is_known):
            return found
    if name.lower().endswith((".md", ".markdown")):
        return _title_block(text) or _header(text, is_known)
    return None


def _fenced_yaml(text: str, is_known: IsKnown) -> FrontMatter | None:
    found = _YAML.match(text)
    if not found or not (found["kind"] or _YAML_ENTRY.search(found["text"])):
        return None
    body, inner = text[found.end() :], found["text"]
    if (found["kind"] or "").startswith("j"):
        return _loaded(inner, _script_object, _BROKEN_JSON, is_known, body)
    if found["kind"] == "toml":
        return _loaded(inner, lambda part: load_toml(part, _LABEL), _BROKEN_TOML, is_known, body)
    return _loaded(inner, lambda part: load_yaml(part, _LABEL), _BROKEN_YAML, is_known, body)


def _fenced_toml(text: str, is_known: IsKnown) -> FrontMatter | None:
    found = _TOML.match(text)
    if not found or not _TOML_ENTRY.search(found["text"]):
        return None
    body = text[found.end() :]
    return _loaded(
        found["text"], lambda part: load_toml(part, _LABEL), _BROKEN_TOML, is_known, body
    )


def _json_front_matter(text: str, is_known: IsKnown) -> FrontMatter | None:
    if text[:1] not in ("{", '"', ";"):
        return None
    if text[0] == "{" and (found := _braces(text, is_known)):
        return found
    fenced = _SEMICOLONS.match(text)
    if fenced is None:
        return None
    found = _loaded(fenced["text"], _json, _BROKEN_JSON, is_known, text[fenced.end() :])
    return found if any(map(is_known, found.entries)) else None


def _braces(text: str, is_known: IsKnown) -> FrontMatter | None:
    """Read an object above the text; one without a text below it, or a known key, is a text."""
    try:
        value, end = _DECODER.raw_decode(text[:_MOST_CHARACTERS])
        found = FrontMatter(_entries(value), (), text[end:].lstrip(" \t"))
    except (ValueError, RecursionError):
        fenced = _BRACES.match(text)
        if fenced is None:
            return None
        inner, body = _COMMENT.sub("", fenced["text"]), text[fenced.end() :]
        found = _loaded(inner.expandtabs(2), _nearly_json, _BROKEN_JSON, is_known, body)
        return found if any(map(is_known, found.entries)) else None
    fence = _SEMICOLON_LINE.match(found.body)
    body = found.body[fence.end() :] if fence else found.body
    is_above = fence or (body.startswith("\n") and body.strip())
    return found._replace(body=body) if is_above and any(map(is_known, found.entries)) else None


def _org(text: str, is_known: IsKnown) -> FrontMatter | None:
    found = _ORG.match(text)
    if found is None:
        return None
    values: dict[str, list[str]] = {}
    for line in _ORG_LINE.finditer(found["text"]):
        values.setdefault(line["key"].lower(), []).append(line["value"].strip())
    if not any(map(is_known, values)):
        return None
    entries: dict[str, object] = {
        key: " ".join(lines) if len(lines) == 1 or key in _ORG_SENTENCES else list(lines)
        for key, lines in values.items()
    }
    drawer = " ".join((found["drawer"] or "").split())
    return FrontMatter(
        {"properties": drawer} | entries if drawer else entries, (), text[found.end() :]
    )


def _title_block(text: str) -> FrontMatter | None:
    """Split Pandoc's lines `% title`, `% author; author`, `% date` from Markdown."""
    if not text.startswith("%"):
        return None
    *lines, body = text.split("\n", _MOST_LINES_OF_TITLE)
    count = next((at for at, line in enumerate(lines) if line[:1] not in ("%", " ", "\t")), 0)
    title, authors, date, *more = _fields(lines[:count])
    # An empty line ends the block, after three fields at most; anything else is text.
    if not count or lines[count].strip() or any(more):
        return None
    entries: dict[str, object] = {"title": title, "author": authors, "date": date}
    return FrontMatter(entries, (), "\n".join([*lines[count:], body]))


def _fields(lines: list[str]) -> list[str]:
    """Join each field of a title block with its continuation lines."""
    fields = "\n".join(lines).split("\n%")
    return [*(" ".join(field.removeprefix("%").split()) for field in fields), "", ""]


def _header(text: str, is_known: IsKnown) -> FrontMatter | None:
    """Split the lines `Title: …` of Pelican and MultiMarkdown, and those of Hexo above `---`."""
    entries: dict[str, object] = {}
    *lines, body = text.split("\n", _MOST_LINES_OF_HEADER)
    key = ""
    for at, line in enumerate(lines):
        found = _HEADER_LINE.fullmatch(line)
        if found:
            key = found["key"]
            entries.setdefault(key, found["value"] or "")
        elif entries and line[:1] in (" ", "\t", "-") and line.strip(" \t-"):
            entries[key] = _continued(key, str(entries[key]), line.strip())
        else:
            is_end = line.strip() in ("", "---", "...") and _is_header(entries, is_known)
            return FrontMatter(entries, (), "\n".join([*lines[at + 1 :], body])) if is_end else None
    return None


def _continued(key: str, value: str, line: str) -> str:
    """Add a line to the value of a header; an item of a list follows a comma.

    MkDocs writes each author on a line.
    """
    joint = ", " if line.startswith("- ") and value else " "
    if key.lower() == "authors" and value and not value.endswith((",", ";")):
        joint = "; "
    return f"{value}{joint}{line.removeprefix('- ').strip()}".strip()


def _is_header(entries: dict[str, object], is_known: IsKnown) -> bool:
    """True if lines above a text are about it: the first is known, and one is the title."""
    first = next(iter(entries), "")
    return is_known(first) and any(key.lower() == "title" for key in entries)


def _loaded(
    text: str,
    load: Callable[[str], dict[str, object]],
    form: EntryForm,
    is_known: IsKnown,
    body: str,
) -> FrontMatter:
    if len(text) > _MOST_CHARACTERS:
        reason = "The front matter is too long to be read as a whole."
    else:
        try:
            return FrontMatter(load(f"\n{text}"), (), body)  # line breaks as in the file
        except SourceError as error:
            reason = error.problem
    entries, broken = read_entries(text, form, is_known)
    parts = [
        UnreadPart(f"{reason} Each entry is read by itself.", ""),
        *(UnreadPart("broken front matter", each) for each in broken),
    ]
    return FrontMatter(entries, tuple(parts), body)


def _json(text: str) -> dict[str, object]:
    stripped = text.strip()
    if not stripped.startswith("{"):
        stripped = "{" + stripped.removesuffix(",") + "}"
    try:
        return _entries(_DECODER.decode(stripped))
    except (ValueError, RecursionError) as error:
        problem = f"{_LABEL} is not valid JSON ({str(error)[:80]})."
        raise SourceError(problem, "Correct it.") from error


def _script_object(text: str) -> dict[str, object]:
    """Load JSON, or an object of JavaScript that is as simple."""
    try:
        return _json(text)
    except SourceError:
        inner = _COMMENT.sub("", text).strip().strip("{};").expandtabs(2)
        return _nearly_json(inner)


def _nearly_json(text: str) -> dict[str, object]:
    """Load JSON with a comma after the last entry, or with single quotes: YAML allows both."""
    return load_yaml("{" + text + "}", _LABEL)


def _entries(value: object) -> dict[str, object]:
    if not isinstance(value, dict):
        raise ValueError("no object")
    return {key: as_strings(each) for key, each in value.items()}


_LABEL = "The front matter"
_DECODER = json.JSONDecoder(parse_float=str, parse_int=str, parse_constant=str)

"""Adds a word to the text of a lexicon, and leaves the rest of it as somebody wrote it."""

import json
import re
from collections.abc import Iterator

from narrated.errors import SourceError
from narrated.printable import printable
from narrated.reading.yaml_toml import load_yaml
from narrated.script.lexicon import Lexicon

_WORDS = re.compile(r"words[ \t]*:[ \t]*(?:#.*)?")
_ENTRY = re.compile(r"([ \t]+)(\S.*)")
_PLAIN = re.compile(r"[^\W\d_][^\W_]*(?: [^\W_]+)*")
_INDENT = "  "


def with_entry(text: str, word: str, said: str) -> str:
    """Return the text of a lexicon that says a word this way; "" is a lexicon without entries.

    An entry of the word is replaced. Errors: SourceError, if the lexicon is broken, or written in
    a form that can only be changed by hand.
    """
    before = _words(text)
    if before.get(word) == said:
        return text
    lines = text.split("\n")
    if not _change(lines, word, said):
        joint = "" if not text or text.endswith("\n") else "\n"
        lines = f"{text}{joint}words:\n{_entry(_INDENT, word, said)}\n".split("\n")
    changed = "\n".join(lines)
    if _words_or_none(changed) != {**before, word: said}:
        raise SourceError(
            f"The entry of {printable(word)} can only be made by hand.",
            f"Write `{_entry('', word, said)}` below `words:` in the lexicon.",
        )
    return changed


def _change(lines: list[str], word: str, said: str) -> bool:
    """Change the block of words in the lines of a lexicon; False if it has none."""
    start = next((at for at, line in enumerate(lines) if _WORDS.fullmatch(line.rstrip())), None)
    if start is None:
        return False
    indent, after = _INDENT, start + 1
    for at, found in _entries(lines, start + 1):
        indent, after = found[1], at + 1
        if _key(found[2]) == word:
            lines[at] = _entry(indent, word, said) + _after_entry(lines[at])
            return True
    lines.insert(after, _entry(indent, word, said) + "\r" * lines[start].endswith("\r"))
    return True


def _entries(lines: list[str], start: int) -> Iterator[tuple[int, re.Match[str]]]:
    """Yield the entries of the block that begins at a line, without its comments."""
    for at, line in enumerate(lines[start:], start):
        found = _ENTRY.fullmatch(line.rstrip())
        if found and not found[2].startswith("#"):
            yield at, found
        elif line.strip() and not line.lstrip().startswith("#"):
            return


def _key(entry: str) -> str:
    try:
        found = load_yaml(entry, "The entry")
    except SourceError:
        return ""
    return next(iter(found), "")


def _after_entry(line: str) -> str:
    """The rest of a line after its entry: a comment, and the sign of another system's line end."""
    import yaml  # late, as in yaml_toml

    end = max(
        each.end_mark.column for each in yaml.scan(line) if isinstance(each, yaml.ScalarToken)
    )
    return line[end:]


def _entry(indent: str, word: str, said: str) -> str:
    return f"{indent}{_scalar(word)}: {_scalar(said)}"


def _scalar(text: str) -> str:
    """Write a text so that YAML reads it as it is."""
    return text if _PLAIN.fullmatch(text) else json.dumps(text, ensure_ascii=False)


def _words(text: str) -> dict[str, str]:
    Lexicon.parse([text])
    found = load_yaml(text, "The lexicon").get("words")
    return {str(word): str(said) for word, said in found.items()} if isinstance(found, dict) else {}


def _words_or_none(text: str) -> dict[str, str] | None:
    try:
        return _words(text)
    except SourceError:
        return None

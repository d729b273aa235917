"""Read the script file that a person has edited."""

import re
from collections.abc import Iterable, Iterator, Sized

from msgspec.structs import replace

from narrated.errors import SourceError
from narrated.reading.narration_settings import LONGEST_PAUSE_S
from narrated.reading.text_decoding import cleaned, decoded
from narrated.script.passages import has_words
from narrated.script.review.inline_languages import BracesWrong, passages_of
from narrated.script.review.kept_base import BEGINNING, read_base_block
from narrated.script.review.line_tags import TagWrong, is_tag, parsed_tag, split_tag
from narrated.script.review.restored_lines import restored_lines
from narrated.script.review.review_script import ReviewLine, ReviewScript
from narrated.script.review.script_file import FORM, is_script_file
from narrated.script.review.script_file_text import (
    ScriptFileWrong,
    numbered_lines,
    split_comments,
)
from narrated.script.script import Role

_FORM = re.compile(r"\bform (\d{1,9})$")
_PRONOUNCE = re.compile(r"(?:[-*] )?pronounce\s*:(.*)", re.IGNORECASE)
_MOST_PRONOUNCED = 1000
_CONTROL = re.compile(rb"[\0-\x08\x0e-\x1a\x1c-\x1f]")
_MARKDOWN = {
    Role.TITLE: re.compile(r"# +"),
    Role.HEADING: re.compile(r"#{2,6} +"),
    Role.ITEM: re.compile(r"(?:[-*+]|\d{1,9}[.)]) +"),
    Role.QUOTE: re.compile(r"> *"),
}
"""A new line may tell its role as Markdown does."""


def read_script(content: bytes | str, name: str) -> ReviewScript:
    """Read a script file.

    Errors: SourceError if it is no text; ScriptFileWrong, with the line and the remedy.
    """
    text = cleaned(content) if isinstance(content, str) else _text(content, name)
    if not is_script_file(text[:200].encode()):
        raise ScriptFileWrong(
            name,
            1,
            "it does not begin as a script file does",
            "Write a new one with `narrated script POST -o FILE`.",
        )
    said, comments = split_comments(text, name)
    _check_form(comments[0], name)
    kept = next((one for one in comments[::-1] if one.startswith(BEGINNING)), "")
    base = read_base_block(kept) if kept else None
    lines, pronounced = _sorted(_raw_lines(said, name), name)
    restored = tuple(restored_lines(lines, base or ()))
    _check_pauses(restored, name)
    return ReviewScript(restored, base, tuple(pronounced))


def _text(content: bytes, name: str) -> str:
    """Decode a file; one with too many control characters fails with the line of the first."""
    try:
        return decoded(content, name)
    except SourceError as error:
        control = _CONTROL.search(content)
        if control is None or not is_script_file(content):
            raise
        number = content.count(b"\n", 0, control.start()) + 1
        problem = "it has control characters, so it is no text"
        raise ScriptFileWrong(name, number, problem, "Remove them, and save it.") from error


def _sorted(
    found: Iterable[ReviewLine], name: str
) -> tuple[list[ReviewLine], list[tuple[str, str]]]:
    """Part the lines that are said from those that tell a pronunciation."""
    lines: list[ReviewLine] = []
    pronounced: list[tuple[str, str]] = []
    for line in found:
        is_bare = not line.id and line.pause_s is None
        if is_bare and (told := _PRONOUNCE.fullmatch(line.text)):
            pronounced.append(_pronunciation(told[1], line.number, name))
            _check_count(pronounced, line.number, name)
        elif has_words(line.text):
            lines.append(_checked(line, name))
    return lines, pronounced


def _check_count(pronounced: Sized, number: int, name: str) -> None:
    if len(pronounced) > _MOST_PRONOUNCED:
        problem = f"there are more than {_MOST_PRONOUNCED} lines `pronounce:`"
        remedy = "Write them into a lexicon.yaml beside the post."
        raise ScriptFileWrong(name, number, problem, remedy)


def _check_form(header: str, name: str) -> None:
    form = _FORM.search(header)
    if form and int(form[1]) != FORM:
        problem = f"it has form {form[1]}, and this narrated knows form {FORM}"
        raise ScriptFileWrong(
            name, 1, problem, "Upgrade narrated, or write it again with `narrated script -o`."
        )


def _raw_lines(text: str, name: str) -> Iterator[ReviewLine]:
    """Give the lines with their brackets read; wrapped ones are joined."""
    current: ReviewLine | None = None
    words: list[str] = []
    for number, line in numbered_lines(text):
        is_new = current is None or _begins_line(line, current)
        if line and not is_new:
            words.append(line)
            continue
        if current is not None and (is_new or not line):
            yield replace(current, text=" ".join(words))
            current = None
        if line:
            current, rest = _begun(line, number, name)
            words = [rest] if rest else []
    if current is not None:
        yield replace(current, text=" ".join(words))


def _begins_line(text: str, current: ReviewLine) -> bool:
    """True if a text that follows without an empty line begins a new line of the script."""
    if is_tag(text) or _PRONOUNCE.match(text):
        return True
    mark = _MARKDOWN.get(current.role)
    return (
        not current.id and current.pause_s is None and mark is not None and bool(mark.match(text))
    )


def _begun(text: str, number: int, name: str) -> tuple[ReviewLine, str]:
    """Read the beginning of a line; give the rest of its words."""
    if tag := split_tag(text):
        try:
            return replace(parsed_tag(tag[0]), number=number), tag[1]
        except TagWrong as error:
            raise ScriptFileWrong(name, number, error.problem, error.remedy) from error
    for role, mark in _MARKDOWN.items():
        if found := mark.match(text):
            return ReviewLine("", role, number=number), text[found.end() :]
    return ReviewLine("", is_bare=True, number=number), text


def _checked(line: ReviewLine, name: str) -> ReviewLine:
    """Fold the white space of a line, and refuse braces that do not close."""
    try:
        passages_of(line.text)
    except BracesWrong as error:
        raise ScriptFileWrong(
            name, line.number, str(error), "Close it with `}`, or write `\\{` to say a brace."
        ) from error
    return replace(line, text=" ".join(line.text.split()))


def _check_pauses(lines: Iterable[ReviewLine], name: str) -> None:
    """Refuse a longer silence than a post may have."""
    for line in lines:
        if (line.pause_s or 0.0) > LONGEST_PAUSE_S:
            problem = f"a silence of {line.pause_s:g} s is too long"
            remedy = f"Write at most {LONGEST_PAUSE_S:g} s."
            raise ScriptFileWrong(name, line.number, problem, remedy)


def _pronunciation(text: str, number: int, name: str) -> tuple[str, str]:
    word, is_given, said = (" ".join(each.split()) for each in text.partition("="))
    if not (word and is_given and said):
        raise ScriptFileWrong(
            name,
            number,
            "`pronounce:` needs a word, `=`, and how it is said",
            "Write, for example, `pronounce: nginx = engine x`.",
        )
    return word, said

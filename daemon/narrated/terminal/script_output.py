"""Write the script of a document into a file that a person edits."""

import sys
from collections.abc import Iterator
from pathlib import Path

from msgspec.structs import replace

from narrated.atomic_write import atomic_write
from narrated.config.values import Config
from narrated.errors import NarratedError, StorageError
from narrated.human_formatting import count_noun
from narrated.jobs.picture_captions import is_picture
from narrated.os_error_remedies import storing
from narrated.printable import printable
from narrated.reading.file_kinds import is_gallery_path
from narrated.script.review.review_script import ReviewScript
from narrated.script.review.script_file import (
    SCRIPT_SUFFIX,
    is_script_file,
    script_name,
    write_script,
)
from narrated.script.review.script_file_reading import read_script
from narrated.script.script import Draft, Role
from narrated.terminal.given_document import GivenDocument
from narrated.terminal.without_daemon import draft_given

PIPE = Path("-")
_FORCE = "Add --force to replace it, or name another file."
_OTHER_FILE = "Name another file: -o FILE."


def write_script_file(
    config: Config | None, given: GivenDocument, target: Path, *, replaces: bool
) -> Iterator[str]:
    """Write the script of a document; give the lines that tell what to do with it.

    Errors: SourceError; NarratedError for a target that is not to be replaced; StorageError.
    """
    _check_document(given, target)
    check_target(target, replaces=replaces)
    draft = _without_made_up_title(draft_given(config, given), given)
    content = _text(draft, given, target).encode(errors="replace")
    if target == PIPE:
        sys.stdout.buffer.write(content)  # in UTF-8, whatever the terminal's letters
        sys.stdout.buffer.flush()
        return
    check_target(target, replaces=replaces)  # an editor may have saved it while it was drafted
    try:
        with storing(str(target)), atomic_write(_real(target)) as partial:
            partial.write_bytes(content)
    except StorageError as error:
        raise StorageError(error.problem, _OTHER_FILE) from error
    yield f"{printable(str(target))}: {count_noun(len(draft.script.units), 'line')}"
    yield from _what_to_do(given, target)


def _check_document(given: GivenDocument, target: Path) -> None:
    """Refuse pictures and scripts, and to write over the document itself. Errors: NarratedError."""
    path = given.document.path
    if is_picture(path) or is_gallery_path(path):
        raise NarratedError(
            f"{given.shown} is no text: what is said of pictures has no script file.",
            "To change a picture's description, write it into the post that shows the picture.",
        )
    if is_script_file(given.document.content):
        raise NarratedError(f"{given.shown} is a script file already.", "Name its post instead.")
    if target.exists() and (given.root / path).resolve() == target.resolve():
        raise NarratedError(f"{printable(str(target))} is the document itself.", _OTHER_FILE)


def check_target(target: Path, *, replaces: bool) -> None:
    """Refuse to replace a file that is no script, or that a person has edited.

    Errors: NarratedError.
    """
    shown = printable(str(target))
    if target == PIPE or not target.exists():
        return
    if not target.is_file():
        raise NarratedError(f"{shown} is no regular file.", _OTHER_FILE)
    if replaces:
        return
    with storing(str(target)):
        content = target.read_bytes()
    if not is_script_file(content):
        raise NarratedError(f"{shown} is there, and is no script file.", _FORCE)
    if changes := _count_changes(content, target.name):
        raise NarratedError(f"{shown} has changes of yours{changes}.", _FORCE)


def _count_changes(content: bytes, name: str) -> str:
    """Count the changes of a script file, for a message; empty if there are none."""
    try:
        script = read_script(content, name)
    except NarratedError as error:
        return f", and cannot be read: {error.problem.rstrip('.')}"
    if script.base is None:
        return ""
    return _told_changes(script)


def _told_changes(script: ReviewScript) -> str:
    assert script.base is not None
    lines = [replace(line, number=0) for line in script.lines]
    if (*lines,) == script.base and not script.pronounced:
        return ""
    written = set(script.base)
    count = len({line.id or number for number, line in enumerate(lines) if line not in written})
    count += len({line.id for line in script.base} - {line.id for line in lines})
    return f" ({count_noun(count, 'line')})" if count else " (other order or words to pronounce)"


def _without_made_up_title(draft: Draft, given: GivenDocument) -> Draft:
    if draft.title != given.document.made_up_title:
        return draft
    lines = tuple(line for line in draft.script.lines if line.role is not Role.TITLE)
    return replace(draft, script=replace(draft.script, lines=lines))


def _text(draft: Draft, given: GivenDocument, target: Path) -> str:
    """Write the text. Errors: NarratedError if there is none."""
    if not draft.script.lines:
        raise NarratedError(f"{given.shown} holds no words, so there is nothing to say.")
    is_named = not given.document.made_up_title
    name = given.document.path.rpartition("/")[2] if is_named else "a text"
    own = target.name if target.name.endswith(SCRIPT_SUFFIX) else f"POST{SCRIPT_SUFFIX}"
    return write_script(draft, name, "" if is_named else own)


def _what_to_do(given: GivenDocument, target: Path) -> Iterator[str]:
    if given.document.made_up_title:
        yield "Edit it, and save it beside its post in the inbox, as POST.script.md."
        return
    name = given.document.path.rpartition("/")[2]
    wanted = script_name(name)
    if _is_beside(given, target, wanted):
        yield f"Edit it. As long as it stands beside {printable(name)}, it is what narrated says."
    else:
        yield (
            f"Edit it, and save it as {printable(wanted)} beside {printable(name)} in the inbox: "
            "then it is what narrated says."
        )


def _is_beside(given: GivenDocument, target: Path, wanted: str) -> bool:
    """True if the file is where the daemon finds it: beside a post of the inbox."""
    document = given.document
    folder = (given.root / document.path).parent
    return document.place == document.path and _real(target) == folder / wanted


def _real(target: Path) -> Path:
    """Follow a link, so that the link stays one."""
    return target.resolve()

"""Notes in the outbox: writes and removes them, and words the one beside a failed source."""

import os
from collections.abc import Iterable, Iterator
from contextlib import suppress
from datetime import datetime
from functools import partial
from pathlib import Path

from narrated.errors import NameRefused, SourceError, StorageError
from narrated.os_error_remedies import storing
from narrated.outbox.open_folder import (
    DraftFile,
    absent_if_refused,
    leaving_no_folders,
    opened,
    prune,
    remove,
    retry_if_removed,
    split,
)
from narrated.outbox.portable_names import LONGEST_NAME_BYTES, PLAIN_NAME_BYTES, NameRules
from narrated.outbox.unique_stems import ERROR_SUFFIX
from narrated.printable import line_of, printable
from narrated.regular_file import stands

_PORTABLE = NameRules(portable=True, longest_bytes=PLAIN_NAME_BYTES)
_PLAIN = NameRules(portable=True, ascii_only=True, longest_bytes=PLAIN_NAME_BYTES)


def error_note(
    problem: str, remedy: str, path: str, when: datetime, *, is_published: bool = False
) -> str:
    """Return the text of `post.error.txt`: the file, the problem, the remedy, and the time.

    `is_published`: a narration of the file stands in the outbox, and stays.
    """
    again = " again. Its earlier narration stays" if is_published else ""
    lines = [
        f"{printable(path)} was not narrated{again}.",
        "",
        f"What was wrong: {line_of(problem)}",
        *([f"What to do: {line_of(remedy)}"] if remedy else []),
        "",
        # With the offset, because the listener's clock may be in another zone.
        f"Tried at {when:%Y-%m-%d %H:%M:%S %z}. This note goes away when it succeeds.",
        "",
    ]
    return "\n".join(lines)


def write_note(outbox: Path, name: str, text: str) -> None:
    """Write a note under its outbox-relative name, atomically but not synced.

    If one of its folders is a file, the note goes next to that file: `post.mp3/a` becomes
    `post.mp3~a`. If the file system does not take a name, the note has another one in the same
    folder, or in the nearest above. Errors: StorageError.
    """
    content = text.encode("utf-8", "replace")
    with storing(str(outbox / name)):
        for place in _places(name):
            try:
                with leaving_no_folders(outbox, place):
                    return retry_if_removed(partial(_write, outbox, *split(place), content))
            except (SourceError, NameRefused) as error:
                refused = error
    raise StorageError(refused.problem, refused.remedy)


def note_stands(outbox: Path, name: str) -> bool:
    """True if a note exists under its outbox-relative name. Errors: StorageError."""
    with storing(str(outbox / name)):
        return any(_stands(outbox, *split(place)) for place in _places(name))


def remove_note(outbox: Path, name: str) -> None:
    """Remove a note if it exists, and the folders it leaves empty. Errors: StorageError."""
    with storing(str(outbox / name)):
        for place in _places(name):
            folder_name, last = split(place)
            with suppress(FileNotFoundError), opened(outbox, folder_name) as folder:
                remove(folder, last)
        prune(outbox, name)


def _places(name: str) -> Iterable[str]:
    """The names a note may have, each once: the preferred one first; the last is in no folder."""
    return dict.fromkeys(_names(name))


def _names(name: str) -> Iterator[str]:
    yield from (name, _renamed(name, _PORTABLE))
    while "/" in name:
        name = _fitting("~".join(name.rsplit("/", 1)))
        yield from (name, _renamed(name, _PORTABLE))
    yield _renamed(name, _PLAIN)


def _renamed(name: str, rules: NameRules) -> str:
    """The name as the rules have it, in the same folder."""
    folder, slash, last = name.rpartition("/")
    stem, spare_bytes = last.removesuffix(ERROR_SUFFIX), len(ERROR_SUFFIX)
    if stem == last or rules.allow(stem, spare_bytes):
        return name
    # With an ending, so that it is no note of the stem that replaces this one.
    return folder + slash + rules.fitted(stem, "-note", spare_bytes) + ERROR_SUFFIX


def _fitting(name: str) -> str:
    """Cut the beginning of the last part until it fits 255 bytes, the longest of file systems."""
    folder, slash, last = name.rpartition("/")
    while len(os.fsencode(last)) > LONGEST_NAME_BYTES:
        last = last[1:]
    return folder + slash + last


def _stands(outbox: Path, folder_name: str, name: str) -> bool:
    with (
        suppress(FileNotFoundError),
        opened(outbox, folder_name) as folder,
        absent_if_refused(),
    ):
        return stands(folder, name)
    return False


def _write(outbox: Path, folder_name: str, name: str, content: bytes) -> None:
    with opened(outbox, folder_name, make=True) as folder, DraftFile(folder) as draft:
        draft.write(content)
        draft.place(name)

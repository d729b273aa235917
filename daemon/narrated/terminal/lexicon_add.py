"""`narrated lexicon add`: enters a word into the lexicon of a folder."""

import os
import stat
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from narrated.atomic_write import atomic_write
from narrated.config.values import Config
from narrated.errors import NarratedError, SourceError, StorageError
from narrated.inbox.name_rules import LEXICON
from narrated.jobs.settings_and_lexicons import LEXICON_BYTES
from narrated.os_error_remedies import storing
from narrated.printable import printable
from narrated.reading.text_decoding import has_controls
from narrated.regular_file import opened, read
from narrated.script.lexicon import Lexicon
from narrated.script.lexicon_entries import with_entry

_ASK = "Write, for example: narrated lexicon add nginx 'engine x'"

_OTHER_ACCOUNT = (
    "Run the command as an account that may write there, or name another folder: --folder DIR"
)

_AGAIN = "Mend that, and run the command again."
_RIGHTS = 0o666


def lexicon_folder(config: Config | None, named: Path | None) -> Path:
    """Return the folder whose lexicon is meant: the named one, or the inbox.

    Errors: NarratedError, if there is neither.
    """
    if named is not None:
        return named
    if config is None:
        problem = "There is no configuration, so no inbox is known."
        raise NarratedError(problem, "Name the folder of the posts: --folder DIR")
    return config.inbox


def add_word(folder: Path, word: str, said: str) -> Iterator[str]:
    """Enter a word into a folder's lexicon; give the lines that tell what was written.

    Errors: SourceError for a lexicon that narrated refuses; NarratedError for a word that no
    lexicon can have; StorageError.
    """
    word, said = _checked(word), _checked(said, may_be_empty=True)
    file = folder / LEXICON
    shown = printable(str(file))
    before = _content(file)
    text = _text(before, shown)
    Lexicon.parse([text], [str(file)])
    try:
        after = with_entry(text, word, said).encode()
    except SourceError as error:
        raise NarratedError(f"{shown}: {error.problem}", error.remedy) from error
    if len(after) > LEXICON_BYTES:
        raise NarratedError(f"{shown} would be too long.", "Take out what you no longer need.")
    if after == before:
        yield f"{shown} says {printable(word)} so already."
        return
    try:
        _replace(file, before, after)
    except StorageError as error:
        is_refused = isinstance(error.__cause__, PermissionError)
        raise StorageError(error.problem, _OTHER_ACCOUNT if is_refused else _AGAIN) from error
    is_said = f'is said "{printable(said)}"' if said else "is not said at all"
    yield f"{shown}: {printable(word)} {is_said}{_which_case(word)}."


def _checked(text: str, *, may_be_empty: bool = False) -> str:
    text = " ".join(text.split())
    if not text and not may_be_empty:
        raise NarratedError("The word is empty.", _ASK)
    if has_controls(text) or not _is_unicode(text):
        raise NarratedError(f"{printable(text)} has signs that are no text.", _ASK)
    return text


def _is_unicode(text: str) -> bool:
    with suppress(UnicodeEncodeError):
        return bool(text.encode()) or not text
    return False


def _which_case(word: str) -> str:
    """Tell if other capitals are meant as well."""
    if word.lower() == word.upper():
        return ""
    if word == word.lower():
        return f", {printable(word.capitalize())} and {printable(word.upper())} too"
    return " (written in this way only)"


def _content(file: Path) -> bytes | None:
    """The bytes of a lexicon; None if there is none."""
    shown = printable(str(file))
    if file.is_symlink():
        problem = f"{shown} is a link, which narrated does not follow."
        raise NarratedError(problem, "Put a file there instead.")
    try:
        with opened(file) as lexicon:
            content = read(lexicon, LEXICON_BYTES)
    except FileNotFoundError:
        if file.parent.is_dir():
            return None
        problem = f"There is no folder {printable(str(file.parent))}."
        raise NarratedError(problem, "Name a folder of posts: --folder DIR") from None
    except OSError as error:
        raise NarratedError(
            f"{shown} cannot be read: {error.strerror or error}.", "Mend it, or remove it."
        ) from error
    if content is None:
        raise NarratedError(f"{shown} is too long to be a lexicon.", "Shorten it.")
    return content


def _text(content: bytes | None, shown: str) -> str:
    try:
        return (content or b"").decode()
    except UnicodeDecodeError:
        raise NarratedError(f"{shown} is not UTF-8.", "Save it as UTF-8.") from None


def _replace(file: Path, before: bytes | None, after: bytes) -> None:
    """Write the lexicon atomically, with the owner and rights of before, unless it has changed."""
    with storing(str(file)), atomic_write(file) as draft:
        draft.write_bytes(after)
        _take_over(draft, file if before is not None else file.parent)
        with draft.open("rb") as written:
            os.fsync(written.fileno())
        if _content(file) != before:
            problem = f"{printable(str(file))} has just changed."
            raise NarratedError(problem, "Run the command again.")


def _take_over(draft: Path, of: Path) -> None:
    """Give a draft the owner and rights of a file, or those that go with its folder's."""
    state = of.stat()
    draft.chmod(stat.S_IMODE(state.st_mode) & _RIGHTS)
    with suppress(OSError):  # only root may, and only root needs to
        os.chown(draft, state.st_uid, state.st_gid)

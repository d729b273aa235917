"""Overrides: the settings of a post's folders, and the lexicons that apply to it."""

import asyncio
import hashlib
from collections.abc import Iterator, Sequence
from concurrent.futures import Executor
from pathlib import Path

from narrated.errors import NarratedError, SourceAbsent, SourceError, SourceUnreadable
from narrated.inbox import safe_read
from narrated.inbox.name_rules import FOLDER_SETTINGS, LEXICON, NameKind, ignored, judge_path
from narrated.inbox.readiness import FileSignature
from narrated.ledger.store import Ledger
from narrated.printable import printable
from narrated.reading.metadata import lexicon_path
from narrated.script.script import LexiconReference

SETTINGS_BYTES = 64 * 2**10
LEXICON_BYTES = 2**20
UNREAD = "unread"
"""Recorded instead of the sha256 of a file that cannot be read."""

Texts = list[tuple[str, str]]
"""Pairs of inbox path and content."""


class Overrides:
    """Reads these files for one plan, and records the version of each that it read.

    Files are read as they are, ingested or not. If another version of one is ingested later, the
    posts that were planned with this version are planned again.
    """

    def __init__(
        self,
        inbox: Path,
        ledger: Ledger,
        disk: Executor,
        ignore: Sequence[str],
        *,
        of_folders: bool = True,
        waits_for_absent: bool = False,
    ) -> None:
        """`of_folders`: False leaves out the folders' settings, which apply to files only.

        `waits_for_absent`: raise SourceAbsent if a known file is absent, because the whole inbox
        may be absent, and return unchanged. Otherwise an absent file counts as deleted.
        """
        self._inbox = inbox
        self._ledger = ledger
        self._disk = disk
        self._ignore = ignore
        self._of_folders = of_folders
        self.waits_for_absent = waits_for_absent
        self._signatures: dict[str, FileSignature | None] = {}
        self.consulted: dict[str, str] = {}
        """Inbox path to sha256 of each file read; '' for a lexicon that is named and missing."""

    @property
    def is_outdated(self) -> bool:
        """True if a file was ingested in another version, or deleted, since it was read."""
        return any(
            self._ledger.sources.signature(path) != before
            and self._ledger.sources.sha256(path) != self.consulted.get(path, "")
            for path, before in self._signatures.items()
        )

    async def settings(self, post: str) -> Texts:
        """Read the settings of a post's folders, from the root down."""
        paths = _in_each_folder(post, FOLDER_SETTINGS) if self._of_folders else ()
        return await self._texts(paths, SETTINGS_BYTES)

    async def lexicons(self, post: str) -> Texts:
        """Read the lexicons of a post's folders, from the root down."""
        return await self._texts(_in_each_folder(post, LEXICON), LEXICON_BYTES)

    async def named_lexicons(
        self, post: str, folders: Texts, references: Sequence[LexiconReference]
    ) -> Texts:
        """Read the lexicons that a post or its folders' settings name.

        Errors: SourceError if one is missing.
        """
        texts: Texts = []
        for reference in references:
            by = post if reference.by < 0 else folders[reference.by][0]
            path = lexicon_path(by, reference.name)
            found = await self._texts([path], LEXICON_BYTES)
            if not found:
                self.consulted[path] = ""
                problem = f"{printable(by)} names the lexicon {printable(path)}, which is missing."
                raise SourceError(problem, "Put it into the inbox, or do not name it.")
            texts += found
        return texts

    async def _texts(self, paths: Sequence[str] | Iterator[str], limit_bytes: int) -> Texts:
        scanned = [path for path in paths if self._is_scanned(path)]
        for path in scanned:
            self._signatures.setdefault(path, self._ledger.sources.signature(path))
        loop = asyncio.get_running_loop()
        contents = await loop.run_in_executor(self._disk, self._read, scanned, limit_bytes)
        present = {path: content for path, content in contents.items() if content is not None}
        for path in scanned if self.waits_for_absent else ():
            is_known = self._signatures[path] is not None and self._ledger.sources.sha256(path)
            if path not in present and is_known:
                raise SourceAbsent(
                    f"{printable(path)} is absent, and was not deleted as far as the scanner knows."
                )
        self.consulted |= {path: _sha256(content) for path, content in present.items()}
        return [(path, _text(path, content)) for path, content in present.items()]

    def _is_scanned(self, path: str) -> bool:
        """True if the scanner reports this file: a file that it ignores applies to nothing."""
        return judge_path(path) is NameKind.SETTINGS and not ignored(path, self._ignore)

    def _read(
        self, paths: Sequence[str], limit_bytes: int
    ) -> dict[str, bytes | NarratedError | None]:
        return {path: self._content(path, limit_bytes) for path in paths}

    def _content(self, path: str, limit_bytes: int) -> bytes | NarratedError | None:
        try:
            return safe_read.read(self._inbox, path, limit_bytes)
        except SourceAbsent:
            return None
        except SourceUnreadable as error:
            return error
        except NarratedError as error:
            exists = safe_read.exists(self._inbox, path)
            return error if exists else None  # a link applies to nothing


def applies_by_place(path: str) -> bool:
    """True if a file applies to all posts in its folder and below, without being named."""
    return path.rpartition("/")[2] in (FOLDER_SETTINGS, LEXICON)


def _in_each_folder(post: str, name: str) -> Iterator[str]:
    """The paths of a file of this name, from the root down to the post's own folder."""
    yield name
    for end, character in enumerate(post):
        if character == "/":
            yield f"{post[:end]}/{name}"


def _sha256(content: bytes | NarratedError) -> str:
    return hashlib.sha256(content).hexdigest() if isinstance(content, bytes) else UNREAD


def _text(path: str, content: bytes | NarratedError) -> str:
    if isinstance(content, NarratedError):
        raise content
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise SourceError(f"{printable(path)} is not UTF-8.", "Save it as UTF-8.") from error

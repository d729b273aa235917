"""Reads the settings of a post's folders, and the lexicons that apply to it."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import accumulate

from narrated.disk_threads import TRANSFER_S
from narrated.errors import NarratedError, SourceAbsent, SourceError, SourceUnreadable
from narrated.inbox import safe_read
from narrated.inbox.async_reads import AsyncInboxReader
from narrated.inbox.file_signature import FileSignature
from narrated.inbox.name_rules import LEXICON, NameKind, ignored, judge_path
from narrated.ledger.store import Ledger
from narrated.printable import printable
from narrated.reading.file_kinds import FOLDER_SETTINGS
from narrated.reading.narration_settings import lexicon_path
from narrated.script.script import LexiconReference

SETTINGS_BYTES = 64 * 2**10
LEXICON_BYTES = 2**20
UNREAD = "unread"
"""Recorded instead of the sha256 of a file that cannot be read."""

Texts = list[tuple[str, str]]
"""Pairs of inbox path and content."""


@dataclass(eq=False)
class SettingsAndLexicons:
    """Reads these files for one plan, and records the version of each that it read.

    Files are read as they are, ingested or not. If another version of one is ingested later, the
    posts that were planned with this version are planned again.
    """

    _inbox: AsyncInboxReader
    _ledger: Ledger
    _ignore: Sequence[str]
    _of_folders: bool = True
    """False leaves out the folders' settings, which apply to files only."""
    waits_for_absent: bool = False
    """Raise SourceAbsent if a known file is absent, because the whole inbox may be absent, and
    return unchanged. Otherwise an absent file counts as deleted."""
    _signatures: dict[str, FileSignature | None] = field(default_factory=dict)
    consulted: dict[str, str] = field(default_factory=dict)
    """Inbox path to sha256 of each file read; '' for a lexicon that is named and missing."""

    @property
    def is_outdated(self) -> bool:
        """True if a file was ingested in another version, or deleted, since it was read."""
        now = self._ledger.sources.signatures(self._signatures)
        return any(
            now[path] != before
            and self._ledger.sources.sha256(path) != self.consulted.get(path, "")
            for path, before in self._signatures.items()
        )

    async def by_place(self, post: str) -> tuple[Texts, Texts]:
        """Read the settings and the lexicons of a post's folders, each from the root down."""
        settings = _in_each_folder(post, FOLDER_SETTINGS) if self._of_folders else []
        lexicons = _in_each_folder(post, LEXICON)
        limits = dict.fromkeys(settings, SETTINGS_BYTES) | dict.fromkeys(lexicons, LEXICON_BYTES)
        texts = await self._texts(limits)
        count = sum(path in settings for path, _ in texts)
        return texts[:count], texts[count:]

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
            found = await self._texts({path: LEXICON_BYTES})
            if not found:
                self.consulted[path] = ""
                problem = f"{printable(by)} names the lexicon {printable(path)}, which is missing."
                raise SourceError(problem, "Put it into the inbox, or do not name it.")
            texts += found
        return texts

    async def _texts(self, limits: Mapping[str, int]) -> Texts:
        """Read those files that are present; `limits` has the most bytes of each."""
        scanned = {path: limit for path, limit in limits.items() if self._is_scanned(path)}
        self._signatures = self._ledger.sources.signatures(scanned) | self._signatures
        present = await self._inbox.disk.run(self._present, scanned, patience_s=TRANSFER_S)
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

    def _present(self, limits: Mapping[str, int]) -> dict[str, bytes | NarratedError]:
        possible = safe_read.possible(self._inbox.root, limits)
        contents = (
            (path, self._content(path, limits[path])) for path in limits if path in possible
        )
        return {path: content for path, content in contents if content is not None}

    def _content(self, path: str, limit_bytes: int) -> bytes | NarratedError | None:
        try:
            return safe_read.read(self._inbox.root, path, limit_bytes)
        except SourceAbsent:
            return None
        except NarratedError as error:
            is_unreadable = isinstance(error, SourceUnreadable)
            is_there = is_unreadable or safe_read.exists(self._inbox.root, path)
            return error if is_there else None  # a link applies to nothing


def applies_by_place(path: str) -> bool:
    """True if a file applies to all posts in its folder and below, without being named."""
    return path.rpartition("/")[2] in (FOLDER_SETTINGS, LEXICON)


def _in_each_folder(post: str, name: str) -> list[str]:
    """The paths of a file of this name, from the root down to the post's own folder."""
    folders = accumulate(post.split("/")[:-1], lambda parent, folder: f"{parent}/{folder}")
    return [name, *(f"{folder}/{name}" for folder in folders)]


def _sha256(content: bytes | NarratedError) -> str:
    return hashlib.sha256(content).hexdigest() if isinstance(content, bytes) else UNREAD


def _text(path: str, content: bytes | NarratedError) -> str:
    if isinstance(content, NarratedError):
        raise content
    try:
        return content.decode().removeprefix("\ufeff")
    except UnicodeDecodeError as error:
        raise SourceError(f"{printable(path)} is not UTF-8.", "Save it as UTF-8.") from error

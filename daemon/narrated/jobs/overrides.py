"""What holds for a post and lies in files of its own: its folders' settings, and lexicons."""

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
"""Stands for the sha256 of what is there and cannot be read."""

Texts = list[tuple[str, str]]
"""Inbox paths, each with what stands there."""


class Overrides:
    """Reads these files for one plan, and remembers as what it read each.

    They are read as they stand, whether the inbox has taken them or not; when it takes another
    version later, what was planned with this one is planned anew.
    """

    def __init__(
        self,
        inbox: Path,
        ledger: Ledger,
        disk: Executor,
        ignore: Sequence[str],
        *,
        of_folders: bool = True,
        insists: bool = False,
    ) -> None:
        """`of_folders` False leaves the folders' settings out: they are for files.

        `insists`: what is not there while the inbox knows it is a SourceAbsent, for the inbox may
        be away, and come back with it unchanged. Else it is held for gone.
        """
        self._inbox = inbox
        self._ledger = ledger
        self._disk = disk
        self._ignore = ignore
        self._of_folders = of_folders
        self.insists = insists
        self._taken: dict[str, FileSignature | None] = {}
        self.consulted: dict[str, str] = {}
        """What was there, with its sha256; '' for what was named and was not."""

    @property
    def is_overtaken(self) -> bool:
        """Whether the inbox took or missed another version of a file since it was read here."""
        return any(
            self._ledger.sources.signature(path) != before
            and self._ledger.sources.sha256(path) != self.consulted.get(path, "")
            for path, before in self._taken.items()
        )

    async def settings(self, post: str) -> Texts:
        """The settings of a post's folders, from the root down."""
        paths = _on_the_way(post, FOLDER_SETTINGS) if self._of_folders else ()
        return await self._texts(paths, SETTINGS_BYTES)

    async def lexicons(self, post: str) -> Texts:
        """The lexicons of a post's folders, from the root down."""
        return await self._texts(_on_the_way(post, LEXICON), LEXICON_BYTES)

    async def named(self, post: str, folders: Texts, lexicons: Sequence[LexiconReference]) -> Texts:
        """The lexicons that a post or its folders' settings name; SourceError where one lacks."""
        texts: Texts = []
        for one in lexicons:
            by = post if one.by < 0 else folders[one.by][0]
            path = lexicon_path(by, one.name)
            found = await self._texts([path], LEXICON_BYTES)
            if not found:
                self.consulted[path] = ""
                problem = f"{printable(by)} names the lexicon {printable(path)}, which is missing."
                raise SourceError(problem, "Put it into the inbox, or do not name it.")
            texts += found
        return texts

    async def _texts(self, paths: Sequence[str] | Iterator[str], limit_bytes: int) -> Texts:
        admitted = [path for path in paths if self._admits(path)]
        for path in admitted:
            self._taken.setdefault(path, self._ledger.sources.signature(path))
        loop = asyncio.get_running_loop()
        contents = await loop.run_in_executor(self._disk, self._read, admitted, limit_bytes)
        there = {path: content for path, content in contents.items() if content is not None}
        for path in admitted if self.insists else ():
            is_known = self._taken[path] is not None and self._ledger.sources.sha256(path)
            if path not in there and is_known:
                raise SourceAbsent(f"{printable(path)} is not there, and was not missed yet.")
        self.consulted |= {path: _sha256(content) for path, content in there.items()}
        return [(path, _text(path, content)) for path, content in there.items()]

    def _admits(self, path: str) -> bool:
        """Whether the inbox would tell of this file: what it never looks at holds for nothing."""
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
            return (
                error if safe_read.exists(self._inbox, path) else None
            )  # a link holds for nothing


def holds_by_place(path: str) -> bool:
    """Whether a file holds for all posts in its folder and below, and not for who names it."""
    return path.rpartition("/")[2] in (FOLDER_SETTINGS, LEXICON)


def _on_the_way(post: str, name: str) -> Iterator[str]:
    """A file of this name in each folder from the root down to the post's own."""
    yield name
    for at, sign in enumerate(post):
        if sign == "/":
            yield f"{post[:at]}/{name}"


def _sha256(content: bytes | NarratedError) -> str:
    return hashlib.sha256(content).hexdigest() if isinstance(content, bytes) else UNREAD


def _text(path: str, content: bytes | NarratedError) -> str:
    if isinstance(content, NarratedError):
        raise content
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise SourceError(f"{printable(path)} is not UTF-8.", "Save it as UTF-8.") from error

"""Writes the files of the page's folder, and removes those of episodes that went."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from functools import partial
from hashlib import sha256
from itertools import groupby
from pathlib import Path
from typing import NamedTuple

from narrated.disk_threads import TRANSFER_S, DiskThreads
from narrated.jobs.shielded_outbox_changes import ShieldedOutboxChanges
from narrated.ledger.page import ShownEpisode, WrittenFile
from narrated.ledger.store import Ledger
from narrated.outbox.page_files import place_files, remove_files
from narrated.podcast.page_assets import page_assets
from narrated.podcast.page_episode import PAGE_FOLDER
from narrated.podcast.page_news import NEWS_NAME
from narrated.podcast.page_scripts import SEARCH_EPISODES, search_script

_MOST_FILES, _MOST_BYTES = 64, 4 << 20
"""Bounds on the files that are in memory together."""
_OURS = re.compile(r"[0-9a-f]{16}\.(js|jpg)|search-\d+\.js")
"""Names that nothing but the page's data has; those of the package's files are known."""


class WantedFile(NamedTuple):
    """A file that is to stand in the page's folder."""

    made_of: str
    """Stays the same as long as its content does."""
    paths: tuple[str, ...] = ()
    """The sources of the episodes that it is of; none for a file of the package."""
    search: int | None = None
    """Its number, if it is a search script."""


class FilePlan(NamedTuple):
    """The changes that bring the page's folder up to date."""

    stale: dict[str, WantedFile]
    leaving: list[str]
    searches: tuple[int, ...]
    """The numbers of the search scripts that stand then."""


class PageFiles:
    """Writes files of the page: those alone that are not as they should be."""

    def __init__(
        self, ledger: Ledger, outbox: ShieldedOutboxChanges, work_disk: DiskThreads
    ) -> None:
        self._ledger = ledger
        self._outbox = outbox
        self._work_disk = work_disk

    async def plan(self, shown: Sequence[ShownEpisode], sizes: Mapping[str, int]) -> FilePlan:
        """Compare the files that stand, by their sizes, with those that are to."""
        find = partial(_planned, self._ledger.path, shown, sizes)
        return await self._work_disk.run(find, patience_s=TRANSFER_S)

    async def write(self, files: Mapping[str, WantedFile]) -> None:
        """Write files, a few at a time. Errors: StorageError."""
        left = dict(files)
        while left:
            compose = partial(_composed, self._ledger.path, left)
            contents = await self._work_disk.run(compose, patience_s=TRANSFER_S)
            await self._outbox.finish(self._place(files, contents))
            for name in contents:
                del left[name]

    async def remove(self, names: Sequence[str]) -> None:
        """Remove files of episodes that went. Errors: StorageError."""
        if names:
            remove = partial(remove_files, self._outbox.folder, PAGE_FOLDER, names)
            await self._outbox.finish(self._outbox.run(remove))
            self._ledger.page_files.forget(names)

    async def _place(self, files: Mapping[str, WantedFile], contents: Mapping[str, bytes]) -> None:
        self._ledger.page_files.expect(contents)
        place = partial(place_files, self._outbox.folder, PAGE_FOLDER, contents)
        await self._outbox.run(place)
        self._ledger.page_files.settle(
            {
                name: WrittenFile(files[name].made_of, len(content))
                for name, content in contents.items()
            }
        )


def _planned(
    ledger_path: Path, shown: Sequence[ShownEpisode], sizes: Mapping[str, int]
) -> FilePlan:
    wanted = dict(_wanted(shown))
    with closing(Ledger(ledger_path)) as ledger:
        written = ledger.page_files.written()
        pictures = {each.rpartition("/")[2] for each in ledger.page_pictures.known()}
    stale = {
        name: each
        for name, each in wanted.items()
        if (found := written.get(name)) is None or found != (each.made_of, sizes.get(name))
    }
    known = written.keys() | {name for name in sizes if _OURS.fullmatch(name)}
    leaving = sorted(known - wanted.keys() - pictures - {NEWS_NAME})
    searches = tuple(each.search for each in wanted.values() if each.search is not None)
    return FilePlan(stale, leaving, searches)


def _wanted(shown: Iterable[ShownEpisode]) -> Iterator[tuple[str, WantedFile]]:
    """Name all files that are to stand, but pictures and the news."""
    for name, content in page_assets().items():
        yield name, WantedFile(sha256(content).hexdigest())
    in_order = sorted(shown, key=lambda each: each.number)
    for each in in_order:
        yield f"{each.key}.js", WantedFile(each.made_of, (each.path,))
    for number, group in groupby(in_order, lambda each: (each.number - 1) // SEARCH_EPISODES):
        members = list(group)
        made_of = sha256("\n".join(each.made_of for each in members).encode()).hexdigest()
        paths = tuple(each.path for each in members)
        yield f"search-{number}.js", WantedFile(made_of, paths, number)


def _composed(ledger_path: Path, files: Mapping[str, WantedFile]) -> dict[str, bytes]:
    """Put the first files together, as many as may be in memory."""
    contents: dict[str, bytes] = {}
    assets = page_assets()
    with closing(Ledger(ledger_path)) as ledger:
        for name, each in files.items():
            contents[name] = assets[name] if not each.paths else _content(ledger, each)
            if len(contents) >= _MOST_FILES or sum(map(len, contents.values())) > _MOST_BYTES:
                break
    return contents


def _content(ledger: Ledger, file: WantedFile) -> bytes:
    entries = ledger.page_entries
    if file.search is None:
        return entries.script(file.paths[0])
    return search_script(file.search, filter(None, map(entries.words, file.paths)))

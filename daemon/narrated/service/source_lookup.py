"""Finds the source that a user means: by its own name, or by that of a file published of it."""

from collections.abc import Callable, Iterable, Iterator

from narrated.audio.formats import FORMATS, LONG_SUFFIXES, TRANSCRIPT_SUFFIXES
from narrated.daemon_commands import START
from narrated.errors import NarratedError
from narrated.ledger.store import Ledger
from narrated.outbox import unique_stems
from narrated.outbox.manifest import MANIFEST_SUFFIX
from narrated.printable import printable
from narrated.reading.file_kinds import gallery_in
from narrated.service.source_names import PossiblePaths, SourceName

PUBLISHED_SUFFIXES = (
    unique_stems.ERROR_SUFFIX,  # before `.txt`, which ends it
    *TRANSCRIPT_SUFFIXES[:2],
    MANIFEST_SUFFIX,
    *LONG_SUFFIXES,  # after the manifest's: an older `post.chapters` may own that name
    ".txt",
    *(each.suffix for each in FORMATS.values()),
)


class SourceLookup:
    """Looks names up in the ledger."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger

    def source(self, name: SourceName) -> str:
        """Return the inbox path of the source; a folder that is a gallery means the gallery.

        Errors: NarratedError, if none or several fit.
        """
        return self._found(name, lambda group: self._named(group) or self._gallery(group))

    def source_gallery_or_folder(self, name: SourceName) -> str:
        """The same as `source`, or else the inbox path of a folder with sources."""
        return self._found(
            name, lambda group: self._named(group) or self._gallery(group) or self._folder(group)
        )

    def source_or_folder(self, name: SourceName) -> str:
        """Return the inbox path of a source, or of a folder with sources; empty for the inbox."""
        return self._found(name, lambda group: self._named(group) or self._folder(group))

    def _found(self, name: SourceName, find: Callable[[PossiblePaths], Iterable[str]]) -> str:
        for group in name.groups:
            found = list(dict.fromkeys(find(group)))
            if len(found) > 1:
                raise _ambiguous(name, group, found)
            if found:
                return found[0]
        raise _unknown(name)

    def _named(self, group: PossiblePaths) -> list[str]:
        own = [path for path in group.inbox if path and self._ledger.jobs.history(path)]
        return own + [path for name in group.outbox for path in self._published_as(name)]

    def _gallery(self, group: PossiblePaths) -> list[str]:
        galleries = [gallery_in(folder) for folder in group.inbox]
        return [path for path in galleries if self._ledger.galleries.is_known(path)]

    def _published_as(self, name: str) -> Iterator[str]:
        for suffix in PUBLISHED_SUFFIXES:
            if name.endswith(suffix):
                stem = unique_stems.fold(name.removesuffix(suffix))
                if owner := self._ledger.stems.owner(stem):
                    yield owner
                    return

    def _folder(self, group: PossiblePaths) -> list[str]:
        paths = dict.fromkeys((*group.inbox, *group.outbox))
        return [path for path in paths if not path or self._ledger.jobs.is_any_below(path)]


def _unknown(name: SourceName) -> NarratedError:
    if name.is_in_inbox:
        return NarratedError(
            f"{printable(name.typed)} lies in the inbox, and was not read.",
            "`narrated status` tells if it is still arriving, and "
            f"`narrated ignored {printable(name.typed)}` if a rule leaves it alone. Without a "
            f"daemon nothing is read: {START}.",
        )
    return NarratedError(
        f"{printable(name.typed) or 'An empty name'} is not known.",
        "Name a file as it stands in the inbox, or one that was published of it; "
        f"`narrated status` shows what is there. The inbox is {printable(name.top_inbox)}.",
    )


def _ambiguous(name: SourceName, group: PossiblePaths, found: list[str]) -> NarratedError:
    typed, *others = (printable(each) for each in (name.typed, *found))
    whole = [f"{name.top_inbox}/{path}" for path in group.inbox]
    whole += [f"{name.top_outbox}/{path}" for path in group.outbox]
    return NarratedError(
        f"{typed} may mean {' or '.join(others)}: it is the name of a file of the inbox, and of "
        "one that was published of another.",
        f"Give the whole path: {' or '.join(map(printable, whole))}.",
    )

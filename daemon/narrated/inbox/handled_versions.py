"""The inbox's memory: the version of each file that it has dealt with."""

from collections.abc import Iterator, Mapping

from narrated.inbox.file_signature import FileSignature

_NOTHING: Mapping[str, int] = {}
_NO_VERSION = -1
"""A fingerprint that no file has: Python hashes nothing to -1."""


class HandledVersions:
    """Fingerprints of files, folder by folder.

    It keeps fingerprints instead of signatures and names instead of paths, because it holds
    100,000 files for as long as the daemon runs.
    """

    def __init__(self, known: dict[str, FileSignature]) -> None:
        """Take over the signatures in `known`, and empty it, so that memory holds no two copies."""
        self._folders: dict[str, dict[str, int]] = {}
        self._inner: dict[str, set[str]] = {}
        """Folders by the folder above, as far as a recorded file lies in them or below."""
        self._retired: dict[str, dict[str, int]] = {}
        while known:
            path, signature = known.popitem()
            self.record(path, signature.fingerprint)

    def __bool__(self) -> bool:
        return bool(self._folders or self._retired)

    def __contains__(self, path: str) -> bool:
        folder, _, name = path.rpartition("/")
        return name in self.fingerprints(folder)

    def fingerprints(self, folder: str) -> Mapping[str, int]:
        """Return the fingerprints of the files directly in a folder, by name."""
        return self._folders.get(folder, _NOTHING)

    def record(self, path: str, fingerprint: int) -> None:
        """Record this version of a file as dealt with."""
        folder, _, name = path.rpartition("/")
        if folder not in self._folders:
            self._folders[folder] = {}
            self._enter(folder)
        self._folders[folder][name] = fingerprint

    def matches(self, path: str, fingerprint: int) -> bool:
        """True if this version was dealt with, here or under a root that was replaced."""
        folder, _, name = path.rpartition("/")
        seen = (folders.get(folder, _NOTHING) for folders in (self._folders, self._retired))
        if matched := any(names.get(name) == fingerprint for names in seen):
            self.record(path, fingerprint)
        return matched

    def forget(self, path: str) -> None:
        """Forget a file altogether."""
        folder, _, name = path.rpartition("/")
        for folders in (self._folders, self._retired):
            names = folders.get(folder, {})
            if names.pop(name, None) is not None and not names:
                del folders[folder]
                self._leave(folder)

    def outdate(self, path: str) -> None:
        """Have a known file reported again; if it goes before that, it still counts as missing."""
        self.forget(path)
        self.record(path, _NO_VERSION)

    def folders(self, top: str) -> Iterator[str]:
        """Yield a folder and those under it, each that holds a recorded file.

        Takes time for these alone. The caller may not record or forget a file meanwhile.
        """
        pending = [top]
        while pending:
            folder = pending.pop()
            if folder in self._folders:
                yield folder
            pending.extend(self._inner.get(folder, ()))

    def holds(self, folder: str) -> bool:
        """True if a recorded file lies in a folder or under it."""
        return folder in self._folders or folder in self._inner

    def below(self, folder: str) -> Iterator[str]:
        """Yield the paths of all recorded files in a folder and under it, as `folders` does."""
        for inner in self.folders(folder):
            for name in self._folders[inner]:
                yield join(inner, name)

    def retire(self) -> None:
        """Keep the files of a replaced root: they match if seen again, but never count as missing.

        A file that is absent from another folder in the root's place has not been deleted.
        """
        for folder, names in self._folders.items():
            self._retired.setdefault(folder, {}).update(names)
        self._folders, self._inner = {}, {}

    def _enter(self, folder: str) -> None:
        """List a folder and those above it among the inner folders."""
        while folder:
            above = folder.rpartition("/")[0]
            siblings = self._inner.setdefault(above, set())
            if folder in siblings:
                return
            siblings.add(folder)
            folder = above

    def _leave(self, folder: str) -> None:
        """Take a folder, and those above it, from the list if no recorded file is left there."""
        while folder and folder not in self._folders and folder not in self._inner:
            above = folder.rpartition("/")[0]
            siblings = self._inner.get(above, set())
            siblings.discard(folder)
            if not siblings:
                self._inner.pop(above, None)
            folder = above


def join(folder: str, name: str) -> str:
    """Return the path of a name in a folder; "" is the root."""
    return f"{folder}/{name}" if folder else name

"""The scanner's memory: the version of each file that the inbox has dealt with."""

from collections.abc import Mapping

from narrated.inbox.readiness import FileSignature

_NOTHING: Mapping[str, int] = {}


class HandledVersions:
    """Fingerprints of files, folder by folder.

    It keeps fingerprints instead of signatures and names instead of paths, because it holds
    100,000 files for as long as the daemon runs.
    """

    def __init__(self, known: dict[str, FileSignature]) -> None:
        """Take over the signatures in `known`, and empty it, so that memory holds no two copies."""
        self._folders: dict[str, dict[str, int]] = {}
        self._retired: dict[str, dict[str, int]] = {}
        while known:
            path, signature = known.popitem()
            self.record(path, signature.fingerprint)

    def __bool__(self) -> bool:
        return bool(self._folders or self._retired)

    def __contains__(self, path: str) -> bool:
        folder, _, name = path.rpartition("/")
        return name in self._folders.get(folder, _NOTHING)

    def fingerprints(self, folder: str) -> Mapping[str, int]:
        """Return the fingerprints of the files directly in a folder, by name."""
        return self._folders.get(folder, _NOTHING)

    def record(self, path: str, fingerprint: int) -> None:
        """Record this version of a file as dealt with."""
        folder, _, name = path.rpartition("/")
        self._folders.setdefault(folder, {})[name] = fingerprint

    def matches(self, path: str, fingerprint: int) -> bool:
        """True if this version was dealt with, here or under a root that was replaced."""
        folder, _, name = path.rpartition("/")
        if self._folders.get(folder, _NOTHING).get(name) == fingerprint:
            return True
        if self._retired.get(folder, _NOTHING).get(name) != fingerprint:
            return False
        self.record(path, fingerprint)
        return True

    def forget(self, path: str) -> None:
        """Forget a file altogether."""
        folder, _, name = path.rpartition("/")
        for folders in (self._folders, self._retired):
            names = folders.get(folder)
            if names is not None and names.pop(name, None) is not None and not names:
                del folders[folder]

    def folders(self) -> list[str]:
        """List the folders that hold a recorded file."""
        return list(self._folders)

    def below(self, folder: str) -> list[str]:
        """List the paths of all recorded files in a folder and under it."""
        return [
            f"{above}/{name}" if above else name
            for above, names in self._folders.items()
            if not folder or above == folder or above.startswith(folder + "/")
            for name in names
        ]

    def retire(self) -> None:
        """Keep the files of a replaced root: they match if seen again, but never count as missing.

        A file that is absent from another folder in the root's place has not been deleted.
        """
        for folder, names in self._folders.items():
            self._retired.setdefault(folder, {}).update(names)
        self._folders = {}

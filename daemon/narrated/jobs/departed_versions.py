"""Departed versions: what the daemon itself takes from the inbox, against late reports of it."""

from narrated.inbox.file_signature import FileSignature


class DepartedVersions:
    """Remembers versions that are leaving, and those that left lately.

    The inbox may have looked at a file just before it left. Its report comes later, and is of a
    file that nobody can read. Nobody would miss that file either, so it would be awaited for good.
    """

    def __init__(self) -> None:
        self._leaving: dict[str, FileSignature] = {}
        self._left: dict[str, FileSignature] = {}
        self._left_before: dict[str, FileSignature] = {}

    def holds(self, path: str, signature: FileSignature) -> bool:
        """True if this version is leaving, or left lately."""
        every = (self._leaving, self._left, self._left_before)
        return any(versions.get(path) == signature for versions in every)

    def begin(self, path: str, signature: FileSignature) -> None:
        """Remember a version that is about to leave."""
        self._leaving[path] = signature

    def end(self, path: str, *, has_left: bool) -> None:
        """Remember that a version has left; forget one that stays after all."""
        signature = self._leaving.pop(path, None)
        if has_left and signature is not None:
            self._left[path] = signature

    def scan_ended(self) -> None:
        """Forget the versions that left before the scan that ended last before this one.

        Reports come in order. The first end of a scan may come from before a version left; ahead of
        the second one is every report of what was seen until then.
        """
        self._left, self._left_before = {}, self._left

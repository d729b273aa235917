"""The daemon's voices on a box: asks for the files that are missing, and shows them to the host."""

import asyncio
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from narrated.workers.box_link import BoxLink
from narrated.workers.voice_files import VoiceStore


class BoxVoices:
    """Takes the index of the daemon's voices, then the files of it that this box lacks."""

    def __init__(self, link: BoxLink, folder: Path) -> None:
        self._link = link
        self.folder = folder
        self._store = VoiceStore(folder)
        self._index: dict[str, str] = {}
        self._awaited: set[str] = set()
        self._has_some = False

    @property
    def are_here(self) -> bool:
        """True unless files are still to come."""
        return not self._awaited

    @property
    def shown(self) -> Path | None:
        """The folder with the voices; None if the daemon has told of none."""
        return self._store.shown if self._has_some else None

    async def expect(self, index: Any) -> None:
        """Ask for what is missing of an index. Errors: OSError, ValueError."""
        if not isinstance(index, dict):
            raise TypeError("no index")
        missing = await asyncio.to_thread(self._store.missing, index)
        if not self._has_some:
            await asyncio.to_thread(self._store.clear)  # it may be what fills the disk
        self._index, self._has_some = index, True
        self._awaited = set(missing)
        if missing:
            self._link.send({"wants": missing})
        else:
            await asyncio.to_thread(self._store.show, self._index)

    async def take(self, about: Mapping[str, Any], content: bytes) -> None:
        """Keep a file, or learn that it went; shows all once none is missing.

        Errors: OSError, ValueError.
        """
        digest = str(about.get("gone") or about["sha256"])
        if digest not in self._awaited:
            return
        if "gone" in about:
            self._index = {name: each for name, each in self._index.items() if each != digest}
        else:
            await asyncio.to_thread(self._store.add, digest, content)
        self._awaited.discard(digest)
        if not self._awaited:
            await asyncio.to_thread(self._store.show, self._index)

    def close(self) -> None:
        """Remove what was shown; the files stay for the next time."""
        self._store.close()

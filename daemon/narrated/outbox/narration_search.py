"""Searches the outbox for narrations whose files all stand, by their manifests."""

import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from narrated.outbox.manifest import MANIFEST_SUFFIX, Manifest
from narrated.outbox.open_folder import opened, split
from narrated.outbox.outbox_writer import living_writer
from narrated.outbox.plausible_sound import has_sound
from narrated.outbox.untrusted_reads import manifest_in, size_in

_MOST_DEPTH = 128
"""Each folder is opened from the outbox down, so that a deep tree would take its depth squared."""


def whole_narrations(outbox: Path) -> Iterator[tuple[str, Manifest]]:
    """Walk the outbox for narrations whose files all stand, sound among them, in no order.

    Skips links, what cannot be read, folders whose names begin with a dot, those below 128 others,
    and the outboxes of other daemons that run.
    """
    folders = [""]
    while folders:
        folder_name = folders.pop()
        with suppress(OSError), opened(outbox, folder_name) as folder:
            if folder_name and living_writer(folder):
                continue
            for entry in _entries(folder):
                path = f"{folder_name}/{entry.name}" if folder_name else entry.name
                if not entry.is_dir(follow_symlinks=False):
                    yield from _whole(outbox, folder, path)
                elif path.count("/") < _MOST_DEPTH:
                    folders.append(path)


def _entries(folder: int) -> Iterator["os.DirEntry[str]"]:
    with os.scandir(folder) as entries:
        yield from (entry for entry in entries if not entry.name.startswith("."))


def _whole(outbox: Path, folder: int, path: str) -> Iterator[tuple[str, Manifest]]:
    """The narration of a manifest in an open folder, if all its files stand."""
    if not path.endswith(MANIFEST_SUFFIX):
        return
    stem = path.removesuffix(MANIFEST_SUFFIX)
    with suppress(OSError):
        found = manifest_in(folder, split(stem)[1], str(outbox / path))
        if (
            found
            and all(size_in(folder, each.name) == each.bytes for each in found.outputs)
            and has_sound(folder, found, str(outbox / path))
        ):
            yield stem, found

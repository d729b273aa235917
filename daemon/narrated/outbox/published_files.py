"""Publishes, moves and withdraws narrations; each is complete in the outbox at every instant.

Each file is written as a draft, synced, and renamed. The manifest is renamed last and holds the
digests of the other files, so that it proves them complete.
"""

import hashlib
import math
import os
from collections.abc import Callable, Iterable, Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from narrated.atomic_write import drafts_in
from narrated.audio.formats import media_type
from narrated.os_error_remedies import storing
from narrated.outbox.case_variants import is_one_place, respell
from narrated.outbox.manifest import MANIFEST_SUFFIX, Manifest, ManifestOutput
from narrated.outbox.name_probe import remove_hidden
from narrated.outbox.open_folder import (
    DraftFile,
    absent_if_refused,
    keep_clear,
    leaving_no_folders,
    naming,
    opened,
    prune,
    remove,
    retry_if_removed,
    split,
    sync,
)
from narrated.outbox.plausible_sound import most_bytes
from narrated.outbox.untrusted_reads import file_in, manifest_in, size_in
from narrated.regular_file import stands

_COPIED_BYTES = 1 << 20
_PROBE_BYTES = 1 << 20  # as much as two minutes of sound: a full disk has less room

ManifestMaker = Callable[[tuple[ManifestOutput, ...]], bytes]
"""Makes a manifest's bytes from the published outputs."""


@dataclass(frozen=True, slots=True)
class PreparedFile:
    """A finished file outside the outbox, and its suffix inside."""

    path: Path
    suffix: str


def publish(
    outbox: Path, stem: str, files: Sequence[PreparedFile], manifest: ManifestMaker
) -> tuple[ManifestOutput, ...]:
    """Put files and their manifest into the outbox, durably, replacing an older version.

    Returns every file in the order given, the manifest last. Files that only the older manifest
    names are removed. Errors: StorageError; no draft is left then, but the older version may be
    replaced in part, as its manifest shows. With nothing changed, SourceError if a folder has the
    name of one of the files, or a file that of a folder; NameRefused if the file system does not
    take a name.
    """
    with storing(str(outbox / stem)), leaving_no_folders(outbox, stem):
        return retry_if_removed(lambda: _publish(outbox, stem, files, manifest))


def withdraw(outbox: Path, stem: str, suffixes: Iterable[str]) -> None:
    """Remove a narration and the folders it leaves empty.

    The manifest goes last, so that it still shows an interrupted withdrawal. Missing files are no
    error. Errors: StorageError.
    """
    folder_name, name = split(stem)
    with storing(str(outbox / stem)):
        with suppress(FileNotFoundError), opened(outbox, folder_name) as folder:
            manifest, *outputs = _named(name, suffixes)
            for each in outputs:
                remove(folder, each)
            sync(folder)
            remove(folder, manifest)
            sync(folder)
        prune(outbox, stem)


def move(
    outbox: Path, old_stem: str, new_stem: str, suffixes: Iterable[str], manifest: bytes
) -> ManifestOutput:
    """Rename a narration to a new stem; returns the new manifest's file.

    `suffixes` are those of its outputs, and all outputs must exist. A kill meanwhile leaves an old
    manifest without its files, or a new set with the old manifest still in place.
    Errors: StorageError, with nothing moved if a file is missing; SourceError and NameRefused as
    `publish`.
    """
    outputs = [suffix for suffix in suffixes if suffix != MANIFEST_SUFFIX]
    with storing(str(outbox / new_stem)), leaving_no_folders(outbox, new_stem):
        placed = retry_if_removed(lambda: _move(outbox, old_stem, new_stem, outputs, manifest))
        prune(outbox, old_stem)
    return placed


def intact(outbox: Path, stem: str, duration_s: float = math.inf) -> Manifest | None:
    """Return the manifest if every file it names has the size and digest it says.

    Reads all files completely, but none larger than a narration of this duration has. Errors:
    StorageError if they cannot be read.
    """
    folder_name, name = split(stem)
    with (
        storing(str(outbox / stem)),
        suppress(FileNotFoundError, NotADirectoryError),
        opened(outbox, folder_name) as folder,
    ):
        found = manifest_in(folder, name, str(outbox / (stem + MANIFEST_SUFFIX)))
        if found is None or sum(each.bytes for each in found.outputs) > most_bytes(duration_s):
            return None
        if all(_matches(folder, outbox / stem, each) for each in found.outputs):
            return found
    return None


def copy_out(
    outbox: Path, stem: str, manifest: Manifest, folder: Path
) -> tuple[PreparedFile, ...] | None:
    """Copy the files that a manifest names into a folder outside; None if one is not ours now.

    Errors: StorageError.
    """
    folder_name, name = split(stem)
    copies = []
    with storing(str(outbox / stem)), opened(outbox, folder_name) as held:
        folder.mkdir(parents=True, exist_ok=True)
        for output in manifest.outputs:
            suffix = output.name.removeprefix(name)
            file = file_in(held, output.name, str(outbox / (stem + suffix)))
            if file is None:
                return None
            copy = folder / f"copy{suffix}"
            with file, copy.open("wb") as target:
                _copy(file, target, output.bytes)
            copies.append(PreparedFile(copy, suffix))
    return tuple(copies)


def is_damaged(outbox: Path, stem: str, suffixes: Iterable[str]) -> bool:
    """True if a file of a narration has another size than its manifest says, or stands without one.

    `suffixes` are those that its sound may have. A file that is absent, or a link now, was taken
    away on purpose. Errors: OSError.
    """
    folder_name, name = split(stem)
    with (
        suppress(FileNotFoundError, NotADirectoryError),
        opened(outbox, folder_name) as folder,
    ):
        found = manifest_in(folder, name, str(outbox / (stem + MANIFEST_SUFFIX)))
        if found is None:
            with absent_if_refused():
                return any(stands(folder, each) for each in _named(name, suffixes))
        return any(size_in(folder, each.name) not in (each.bytes, None) for each in found.outputs)
    return False


def probe(outbox: Path) -> None:
    """Check that a narration could be written now. Errors: StorageError."""
    with storing(str(outbox)), opened(outbox, "") as folder, DraftFile(folder) as draft:
        draft.write(bytes(_PROBE_BYTES))


def sweep(outbox: Path, folder: str = "") -> int:
    """Remove the drafts that other processes left in one folder; returns their number.

    Drafts of this process stay. Errors: StorageError.
    """
    with storing(str(outbox / folder)), suppress(FileNotFoundError), opened(outbox, folder) as held:
        left = drafts_in(held)
        for name in left:
            remove(held, name)
            remove_hidden(held, name)
        return len(left)
    return 0


def _publish(
    outbox: Path, stem: str, files: Sequence[PreparedFile], manifest: ManifestMaker
) -> tuple[ManifestOutput, ...]:
    folder_name, name = split(stem)
    with ExitStack() as stack:
        folder = stack.enter_context(opened(outbox, folder_name, make=True))
        names = _named(name, [file.suffix for file in files])
        standing = keep_clear(folder, names)
        respell(folder, standing)
        drafts = [stack.enter_context(DraftFile(folder)) for _ in files]
        for draft, file in zip(drafts, files, strict=True):
            draft.copy(file.path)
        outputs = tuple(map(_output, drafts, (name + file.suffix for file in files)))
        record = stack.enter_context(DraftFile(folder))
        record.write(manifest(outputs))
        # Every draft is durable before the first is renamed, so that a full disk changes nothing.
        for draft in (*drafts, record):
            draft.settle()
        current = {each.name for each in outputs}
        outdated = _outdated(folder, outbox / stem, current) if standing else set()
        for draft, output in zip(drafts, outputs, strict=True):
            draft.place(output.name)
        for each in outdated:
            remove(folder, each)
        sync(folder)  # the manifest comes last, and only after the others are durable
        record.place(name + MANIFEST_SUFFIX)
        sync(folder)
    return (*outputs, _output(record, name + MANIFEST_SUFFIX))


def _move(
    outbox: Path,
    old_stem: str,
    new_stem: str,
    suffixes: Sequence[str],
    manifest: bytes,
) -> ManifestOutput:
    old, new = split(old_stem), split(new_stem)
    with opened(outbox, old[0]) as source, opened(outbox, new[0], make=True) as target:
        for suffix in suffixes:
            os.stat(old[1] + suffix, dir_fd=source, follow_symlinks=False)
        respell(target, keep_clear(target, _named(new[1], suffixes)))
        for suffix in suffixes:
            with naming(target, new[1] + suffix):
                os.rename(old[1] + suffix, new[1] + suffix, src_dir_fd=source, dst_dir_fd=target)
        with DraftFile(target) as draft:
            draft.write(manifest)
            draft.settle()
            sync(target)
            draft.place(new[1] + MANIFEST_SUFFIX)
        sync(target)
        if not is_one_place(outbox, old_stem, new_stem):
            remove(source, old[1] + MANIFEST_SUFFIX)
            sync(source)
    return _output(draft, new[1] + MANIFEST_SUFFIX)


def _output(draft: DraftFile, name: str) -> ManifestOutput:
    return ManifestOutput(name, draft.sha256, draft.bytes, media_type(name))


def _outdated(folder: int, place: Path, current: set[str]) -> set[str]:
    """Files that only the older manifest names, such as those of another format."""
    older = manifest_in(folder, place.name, f"{place}{MANIFEST_SUFFIX}")
    return {each.name for each in older.outputs} - current if older else set()


def _copy(source: BinaryIO, target: BinaryIO, most_bytes: int) -> None:
    """Copy no more than was found there: it may grow meanwhile."""
    while most_bytes > 0 and (piece := source.read(min(most_bytes, _COPIED_BYTES))):
        target.write(piece)
        most_bytes -= len(piece)


def _matches(folder: int, place: Path, output: ManifestOutput) -> bool:
    file = file_in(folder, output.name, str(place.with_name(output.name)))
    if file is None:
        return False
    with file:
        if os.fstat(file.fileno()).st_size != output.bytes:
            return False
        return hashlib.file_digest(file, "sha256").hexdigest() == output.sha256


def _named(name: str, suffixes: Iterable[str]) -> list[str]:
    others = [suffix for suffix in suffixes if suffix != MANIFEST_SUFFIX]
    return [name + suffix for suffix in (MANIFEST_SUFFIX, *others)]

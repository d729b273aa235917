"""Publishes, moves and withdraws narrations; each is complete in the outbox at every instant.

Each file is written as a draft, synced, and renamed. The manifest is renamed last and holds the
digests of the other files, so that it proves them complete.
"""

import os
from collections.abc import Callable, Iterable, Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from pathlib import Path

import msgspec

from narrated.atomic_write import drafts_in
from narrated.audio.formats import media_type
from narrated.outbox import manifest as manifests
from narrated.outbox.manifest import MANIFEST_SUFFIX, Manifest, ManifestOutput
from narrated.outbox.open_folder import (
    DraftFile,
    digest,
    keep_clear,
    opened,
    opened_file,
    prune,
    remove,
    retry_if_removed,
    split,
    sync,
)
from narrated.storage_errors import storing

_PROBE_BYTES = 1 << 20  # as much as two minutes of sound: a full disk has less room

ManifestMaker = bytes | Callable[[tuple[ManifestOutput, ...]], bytes]
"""A manifest's bytes, or a function that makes them from the published outputs."""


@dataclass(frozen=True, slots=True)
class PreparedFile:
    """A finished file outside the outbox, and its suffix inside."""

    path: Path
    suffix: str


@dataclass(frozen=True, slots=True)
class PublishedFile:
    """A published file; `name` is relative to its folder."""

    name: str
    sha256: str
    bytes: int
    media_type: str

    def output(self) -> ManifestOutput:
        """Return the file's entry in the manifest."""
        return ManifestOutput(self.name, self.sha256, self.bytes, self.media_type)


def publish(
    outbox: Path, stem: str, files: Sequence[PreparedFile], manifest: ManifestMaker
) -> tuple[PublishedFile, ...]:
    """Put files and their manifest into the outbox, durably, replacing an older version.

    Returns every file in the order given, the manifest last. Files that only the older manifest
    names are removed. Errors: StorageError; no draft is left then, but the older version may be
    replaced in part, as its manifest shows. SourceError, with nothing changed, if a folder has the
    name of one of the files, or a file that of a folder.
    """
    with storing(str(outbox / stem)):
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
        prune(outbox, folder_name)


def tidy(outbox: Path, stem: str) -> None:
    """Remove the empty folders of a narration that is gone."""
    prune(outbox, split(stem)[0])


def move(
    outbox: Path, old_stem: str, new_stem: str, suffixes: Iterable[str], manifest: bytes
) -> PublishedFile:
    """Rename a narration to a new stem; returns the new manifest's file.

    `suffixes` are those of its outputs, and all outputs must exist. A kill meanwhile leaves an old
    manifest without its files, or a new set with the old manifest still in place.
    Errors: StorageError, with nothing moved if a file is missing; SourceError as `publish`.
    """
    outputs = [suffix for suffix in suffixes if suffix != MANIFEST_SUFFIX]
    with storing(str(outbox / new_stem)):
        placed = retry_if_removed(
            lambda: _move(outbox, split(old_stem), split(new_stem), outputs, manifest)
        )
        prune(outbox, split(old_stem)[0])
    return placed


def intact(outbox: Path, stem: str) -> bool:
    """True if the manifest exists and every file it names has the size and digest it says.

    Reads all files completely. Errors: StorageError if they cannot be read.
    """
    folder_name, name = split(stem)
    with storing(str(outbox / stem)):
        try:
            with opened(outbox, folder_name) as folder:
                found = _manifest(folder, name)
                return found is not None and all(_matches(folder, each) for each in found.outputs)
        except (FileNotFoundError, NotADirectoryError):
            return False


def probe(outbox: Path) -> None:
    """Check that a narration could be written now. Errors: StorageError."""
    with storing(str(outbox)), opened(outbox, "") as folder, DraftFile(folder) as draft:
        draft.write(bytes(_PROBE_BYTES))
        draft.finish()


def sweep(folder: Path) -> int:
    """Remove the drafts that other processes left in one folder; returns their number.

    Drafts of this process stay. Errors: StorageError.
    """
    with storing(str(folder)), suppress(FileNotFoundError), opened(folder, "") as held:
        left = drafts_in(held)
        for name in left:
            remove(held, name)
        return len(left)
    return 0


def _publish(
    outbox: Path, stem: str, files: Sequence[PreparedFile], manifest: ManifestMaker
) -> tuple[PublishedFile, ...]:
    folder_name, name = split(stem)
    with ExitStack() as stack:
        folder = stack.enter_context(opened(outbox, folder_name, make=True))
        keep_clear(folder, _named(name, [file.suffix for file in files]))
        drafts = [stack.enter_context(DraftFile(folder)) for _ in files]
        published = [_copied(draft, name, file) for draft, file in zip(drafts, files, strict=True)]
        record = stack.enter_context(DraftFile(folder))
        content = _content(manifest, published)
        published.append(_written(record, name + MANIFEST_SUFFIX, content))
        # Every draft is durable before the first is renamed, so that a full disk changes nothing.
        for draft in (*drafts, record):
            draft.settle()
        _place(folder, name, [*drafts, record], published)
    return tuple(published)


def _move(
    outbox: Path,
    old: tuple[str, str],
    new: tuple[str, str],
    suffixes: Sequence[str],
    manifest: bytes,
) -> PublishedFile:
    with opened(outbox, old[0]) as source, opened(outbox, new[0], make=True) as target:
        for suffix in suffixes:
            os.stat(old[1] + suffix, dir_fd=source, follow_symlinks=False)
        keep_clear(target, _named(new[1], suffixes))
        for suffix in suffixes:
            os.rename(old[1] + suffix, new[1] + suffix, src_dir_fd=source, dst_dir_fd=target)
        with DraftFile(target) as draft:
            placed = _written(draft, new[1] + MANIFEST_SUFFIX, manifest)
            draft.settle()
            sync(target)
            draft.place(placed.name)
        sync(target)
        if old != new:  # under the same stem the new manifest replaced the old one
            remove(source, old[1] + MANIFEST_SUFFIX)
            sync(source)
    return placed


def _copied(draft: DraftFile, name: str, file: PreparedFile) -> PublishedFile:
    draft.copy(file.path)
    draft.finish()
    return _published(draft, name + file.suffix)


def _written(draft: DraftFile, name: str, content: bytes) -> PublishedFile:
    draft.write(content)
    draft.finish()
    return _published(draft, name)


def _published(draft: DraftFile, name: str) -> PublishedFile:
    suffix = Path(name).suffix
    return PublishedFile(name, draft.sha256, draft.bytes, media_type(suffix))


def _content(manifest: ManifestMaker, published: Sequence[PublishedFile]) -> bytes:
    if isinstance(manifest, bytes):
        return manifest
    return manifest(tuple(each.output() for each in published))


def _place(
    folder: int, name: str, drafts: Sequence[DraftFile], published: Sequence[PublishedFile]
) -> None:
    """Rename the drafts, the manifest last and only after the others are durable."""
    *outputs, record = zip(drafts, published, strict=True)
    outdated = _outdated(folder, name, {each.name for each in published})
    for draft, file in outputs:
        draft.place(file.name)
    for each in outdated:
        remove(folder, each)
    sync(folder)
    record[0].place(record[1].name)
    sync(folder)


def _outdated(folder: int, name: str, current: set[str]) -> list[str]:
    """Files that only the older manifest names, such as those of another format.

    Other programs write into the outbox too, so that only names of this narration count.
    """
    older = _manifest(folder, name)
    named = () if older is None else (each.name for each in older.outputs)
    return [
        each
        for each in named
        if each not in current and "/" not in each and each.startswith(f"{name}.")
    ]


def _manifest(folder: int, name: str) -> Manifest | None:
    try:
        with opened_file(folder, name + MANIFEST_SUFFIX) as file:
            return manifests.decode(file.read())
    except (FileNotFoundError, IsADirectoryError, msgspec.DecodeError, UnicodeDecodeError):
        return None


def _matches(folder: int, output: ManifestOutput) -> bool:
    if "/" in output.name:
        return False
    try:
        with opened_file(folder, output.name) as file:
            if os.fstat(file.fileno()).st_size != output.bytes:
                return False
            return digest(file) == output.sha256
    except (FileNotFoundError, IsADirectoryError):
        return False


def _named(name: str, suffixes: Iterable[str]) -> list[str]:
    """The manifest's file name first, then those of the outputs."""
    others = [suffix for suffix in suffixes if suffix != MANIFEST_SUFFIX]
    return [name + suffix for suffix in (MANIFEST_SUFFIX, *others)]

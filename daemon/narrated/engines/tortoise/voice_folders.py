"""Finds Tortoise's voices on the disk: folders of clips, and files of latents.

Hidden files are drafts of a sync program. A link counts if its target is a file below the root.
"""

import os
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

from narrated.engines.tortoise import voice_clips

LATENTS_SUFFIX = ".pth"
MOST_CLIPS = 24
"""The first by name count. More do not improve a voice, and each costs computation."""

_State = tuple[int, int, int]


@dataclass(frozen=True, slots=True)
class VoiceFolder:
    """The state of a folder before it was read, and its files of one voice."""

    folder: Path
    state: _State
    files: Sequence[Path]
    """The clips by name, or the one file of latents."""
    changed_ns: int
    """Time of its last change, by the clock of the file server."""

    @property
    def is_unchanged(self) -> bool:
        """True if the folder did not change since."""
        try:
            return self.state == _state(self.folder)
        except OSError:
            return False

    @property
    def holds_latents(self) -> bool:
        """True for a file of latents, False for clips."""
        return is_latents(self.files[0])

    @property
    def watched_path(self) -> Path:
        """The path to watch for changes: the file of latents, or the folder of clips."""
        return self.files[0] if self.holds_latents else self.folder


def is_clip(file: Path) -> bool:
    """True if a file is a clip by its name; hidden ones are drafts of a sync program."""
    return file.suffix.lower() in voice_clips.SUFFIXES and not file.name.startswith(".")


def is_latents(file: Path) -> bool:
    """True if a file has latents by its name."""
    return file.suffix.lower() == LATENTS_SUFFIX


def voices_below(root: Path) -> dict[str, VoiceFolder]:
    """All voices by name, in the readable folders."""
    return _ranked(root, _folders(root))


def find_voice(name: str, root: Path) -> VoiceFolder | None:
    """The voice of this name, as `voices_below` gives it; None if there is none."""
    return _ranked(root, _folders_of(name, root)).get(name)


def _ranked(root: Path, folders: Iterable[VoiceFolder]) -> dict[str, VoiceFolder]:
    """Voices of these folders by name; clips win over latents of the same name."""
    latents: dict[str, VoiceFolder] = {}
    recorded: dict[str, VoiceFolder] = {}
    for folder in folders:
        name = folder.folder.relative_to(root).as_posix()
        recordings = [file for file in folder.files if is_clip(file)]
        made = [_made(folder, file) for file in folder.files if is_latents(file)]
        for each in made:
            latents[each.files[0].relative_to(root).with_suffix("").as_posix()] = each
        if recordings and folder.folder != root:
            recorded[name] = replace(folder, files=recordings[:MOST_CLIPS])
        elif len(made) == 1 and folder.folder != root:
            latents[name] = made[0]
    return latents | recorded


def _made(folder: VoiceFolder, file: Path) -> VoiceFolder:
    """The voice of a file of latents; changes of its neighbours do not count."""
    changed_ns = 0  # if it is gone, its reader reports it
    with suppress(OSError):
        changed_ns = file.stat().st_ctime_ns
    return replace(folder, files=[file], changed_ns=changed_ns)


def _folders(root: Path) -> Iterator[VoiceFolder]:
    """Yield the root and each readable folder below, without hidden ones and links."""
    real, ahead = root.resolve(), [root]
    while ahead:
        folder = ahead.pop()
        with suppress(OSError):
            seen, below = _looked_at(folder, real)
            yield seen
            ahead += below


def _folders_of(name: str, root: Path) -> Iterator[VoiceFolder]:
    """Yield the two possible folders of a voice of this name: its parent, and its own."""
    parts = name.split("/")
    if any(part == "" or part.startswith(".") or "\0" in part for part in parts):
        return
    real = root.resolve()
    above = root.joinpath(*parts[:-1])
    folders = [root.joinpath(*parts[:count]) for count in range(1, len(parts) + 1)]
    for folder in (above, folders[-1]):
        if any(each.is_symlink() for each in folders if folder.is_relative_to(each)):
            continue
        with suppress(OSError):
            yield _looked_at(folder, real)[0]


def _looked_at(folder: Path, real: Path) -> tuple[VoiceFolder, list[Path]]:
    """Read a folder: its visible regular files by name, and its subfolders."""
    state = _state(folder)
    with os.scandir(folder) as found:
        entries = sorted(found, key=lambda entry: entry.name)
    seen = [entry for entry in entries if not entry.name.startswith(".")]
    below = [Path(entry) for entry in seen if entry.is_dir(follow_symlinks=False)]
    kept = [entry for entry in seen if _is_file(entry, real)]
    changed_ns = _newest_ns(state, entries, kept)
    return VoiceFolder(folder, state, [Path(entry) for entry in kept], changed_ns), below


def _newest_ns(
    state: _State,
    entries: Sequence["os.DirEntry[str]"],
    kept: Sequence["os.DirEntry[str]"],
) -> int:
    """Time of the last change of a folder's entries or files, hidden drafts included.

    A file counts by its ctime, which no writer can set back. The folder's own ctime does not count:
    moving a complete folder here renews it.
    """
    _, newest, _ = state
    for entry in entries:
        with suppress(OSError):
            if not entry.is_dir(follow_symlinks=False):
                newest = max(newest, entry.stat(follow_symlinks=False).st_ctime_ns)
    for entry in kept:
        with suppress(OSError):
            newest = max(newest, entry.stat().st_ctime_ns)  # the target of a link
    return newest


def _is_file(entry: os.DirEntry[str], real: Path) -> bool:
    try:
        return entry.is_file() and (
            not entry.is_symlink() or Path(entry).resolve().is_relative_to(real)
        )
    except (OSError, RuntimeError):  # a link to itself
        return False


def _state(folder: Path) -> _State:
    state = folder.stat()
    return state.st_ino, state.st_mtime_ns, state.st_ctime_ns

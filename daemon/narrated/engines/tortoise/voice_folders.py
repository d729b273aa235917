"""Where Tortoise's voices stand on the disk: folders of clips, and files of latents.

What is hidden is a draft of who syncs; a link counts as a file that leads to one below the root.
"""

import os
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

from narrated.engines.tortoise import voice_clips

LATENTS_SUFFIX = ".pth"
MOST_CLIPS = 24
"""The first by name count: more make a voice no better, and each is read and computed on."""

_State = tuple[int, int, int]


@dataclass(frozen=True, slots=True)
class VoiceFolder:
    """A folder as it was before it was read, and those of its files that are in question."""

    folder: Path
    state: _State
    files: Sequence[Path]
    """Of a voice the clips, by name, or the one file of latents."""
    changed_ns: int
    """When it last became another, by the clock of who keeps the files."""

    @property
    def stands(self) -> bool:
        """Whether the folder is as it was."""
        try:
            return self.state == _state(self.folder)
        except OSError:
            return False

    @property
    def holds_latents(self) -> bool:
        """Whether it is a file of latents instead of clips."""
        return is_latents(self.files[0])

    @property
    def told_by(self) -> Path:
        """What its changes are known by: the file of latents, or the folder of clips."""
        return self.files[0] if self.holds_latents else self.folder


def is_clip(file: Path) -> bool:
    """Whether a file counts as a clip by its name; hidden ones are drafts of who syncs."""
    return file.suffix.lower() in voice_clips.SUFFIXES and not file.name.startswith(".")


def is_latents(file: Path) -> bool:
    """Whether a file counts as latents by its name."""
    return file.suffix.lower() == LATENTS_SUFFIX


def places_below(root: Path) -> dict[str, VoiceFolder]:
    """Every voice's by its name, as far as the folders can be read."""
    return _ranked(root, _folders(root))


def place_of(name: str, root: Path) -> VoiceFolder | None:
    """The one of this name, as it would be among all; None where there is none."""
    return _ranked(root, _folders_of(name, root)).get(name)


def _ranked(root: Path, folders: Iterable[VoiceFolder]) -> dict[str, VoiceFolder]:
    """The voices in these folders by name; where two have one, the clips win."""
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
    """A file of latents in a folder: what changes beside it does not count."""
    changed_ns = 0  # where it is gone, whoever reads it says so
    with suppress(OSError):
        changed_ns = file.stat().st_ctime_ns
    return replace(folder, files=[file], changed_ns=changed_ns)


def _folders(root: Path) -> Iterator[VoiceFolder]:
    """The root and each folder below it that can be read; none that is hidden or a link."""
    real, ahead = root.resolve(), [root]
    while ahead:
        folder = ahead.pop()
        with suppress(OSError):
            seen, below = _looked_at(folder, real)
            yield seen
            ahead += below


def _folders_of(name: str, root: Path) -> Iterator[VoiceFolder]:
    """The two folders of those in which a voice of this name may be: that above it, and its own."""
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
    """A folder with its regular files by name, hidden ones left out, and the folders in it."""
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
    """When a folder's content last changed: which entries there are, or a file; hidden drafts too.

    A file goes by the time that no writer can set back. The folder's own such time does not count:
    it is renewed when a folder that was filled elsewhere is moved here whole.
    """
    _, newest, _ = state
    for entry in entries:
        with suppress(OSError):
            if not entry.is_dir(follow_symlinks=False):
                newest = max(newest, entry.stat(follow_symlinks=False).st_ctime_ns)
    for entry in kept:
        with suppress(OSError):
            newest = max(newest, entry.stat().st_ctime_ns)  # of a link, what it leads to
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

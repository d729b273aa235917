"""The voices of Tortoise on the disk: the user's own, and those of its package.

A voice is a folder of clips, or a file of latents. Each look-up reads the disk, so that a new voice
is found. Hidden files are drafts of a sync program. A link counts if its target is a file below the
root. Imports no torch.
"""

import difflib
import hashlib
import itertools
import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

from narrated.engines.neural.file_digests import FileDigests, SettleDetector, open_regular
from narrated.engines.tortoise.clip_checks import MOST_BYTES, SUFFIXES
from narrated.engines.tortoise.upstream_modules import package_folder
from narrated.errors import EngineUnavailable
from narrated.human_formatting import size

SETTLE_S = 3.0
"""Seconds without a change before a voice counts: a stalled copy may go on."""

LATENTS_SUFFIX = ".pth"
MOST_CLIPS = 24
"""The first by name count. More do not improve a voice, and each costs computation."""

PREFERRED = ("train_grace", "train_daws", "train_dotrice", "train_dreams", "train_empire")
"""Speakers of the training data: the best sound, by the model's author."""
_BEING_CHANGED = (
    f"Once its files are unchanged for {SETTLE_S:g} s, a post is tried again by itself."
)

_FolderState = tuple[int, int, int]
_Entries = Sequence["os.DirEntry[str]"]


@dataclass(frozen=True, slots=True)
class VoiceFolder:
    """The state of a folder before it was read, and its files of one voice."""

    folder: Path
    state: _FolderState
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


@dataclass(frozen=True, slots=True)
class TortoiseVoice:
    """A voice by its content; names and times do not change its digest."""

    name: str
    digest: str
    files: tuple[Path, ...]
    """The clips, in the order of their content; or the one file of latents."""
    digests: tuple[str, ...]
    """Digest of each file's content; `digest` is computed from these."""

    @property
    def holds_latents(self) -> bool:
        """True for a file of latents, False for clips."""
        return is_latents(self.files[0])

    def content(self, number: int) -> tuple[str, bytes]:
        """Path and bytes of one file, checked against its digest.

        Raises EngineUnavailable if it changed or cannot be read.
        """
        file = self.files[number]
        content = self._read(file)
        if hashlib.sha256(content).hexdigest() != self.digests[number]:
            raise EngineUnavailable(f"The voice '{self.name}' is being changed.", _BEING_CHANGED)
        return str(file), content

    def _read(self, file: Path) -> bytes:
        try:
            with open_regular(file) as content:
                read = content.read(MOST_BYTES + 1)
        except FileNotFoundError as error:
            raise EngineUnavailable(
                f"The voice '{self.name}' is being changed: {file} is gone.", _BEING_CHANGED
            ) from error
        except OSError as error:
            raise EngineUnavailable(*_unreadable(file, error)) from error
        if len(read) > MOST_BYTES:
            raise EngineUnavailable(
                f"{file} cannot be used: it is larger than {size(MOST_BYTES)}.",
                "Give clips of about ten seconds.",
            )
        return read


class TortoiseVoices:
    """The user's own voices, before those of the package tortoise-tts.

    A voice that is being copied counts once its files are unchanged for some seconds.
    """

    def __init__(self, own: Path, shipped: Path | None) -> None:
        self._own = own
        self._roots = [own] if shipped is None else [shipped, own]
        self._file_digests = FileDigests(MOST_BYTES)
        self._settling = SettleDetector(SETTLE_S)

    def listed(self) -> dict[str, str]:
        """Digest of every readable voice by name; broken ones too."""
        return {name: voice.digest for name, voice in self._steady(self._all)[1].items()}

    def digest(self, name: str) -> str:
        """Digest of one voice, looked up alone; empty if it is not listed."""
        voices = self._steady(lambda: self._named(name))[1]
        return voices[name].digest if name in voices else ""

    def found(self, name: str) -> TortoiseVoice:
        """A voice by its name; without one, a speaker of the training data, else an own voice.

        Raises EngineUnavailable if the voice is missing, changing or unreadable.
        """
        name = name or self._best()
        places, voices = self._steady(lambda: self._named(name))
        if name in voices:
            return voices[name]
        if name not in places:
            raise self._missing(name)
        if not self._is_settled(places[name]):
            raise EngineUnavailable(f"The voice '{name}' is being changed.", _BEING_CHANGED)
        try:
            return self._voice(name, places[name])
        except OSError as error:
            at = Path(error.filename or places[name].files[0])
            raise EngineUnavailable(*_unreadable(at, error)) from error

    def _steady(
        self, look: Callable[[], Mapping[str, VoiceFolder]]
    ) -> tuple[Mapping[str, VoiceFolder], Mapping[str, TortoiseVoice]]:
        """The voice folders by name, and the settled and readable voices among them.

        Reads again if a folder changed meanwhile, so that no voice mixes old and new files.
        """
        for _ in range(5):
            places, voices = look(), {}
            for name, place in places.items():
                with suppress(OSError):
                    if self._is_settled(place):
                        voices[name] = self._voice(name, place)
            if all(place.is_unchanged for place in places.values()):
                break
        return places, voices

    def _all(self) -> dict[str, VoiceFolder]:
        found = [_ranked(root, _folders(root)).items() for root in self._roots]
        return dict(sorted(dict(itertools.chain(*found)).items()))

    def _named(self, name: str) -> dict[str, VoiceFolder]:
        ranked = (_ranked(root, _folders_of(name, root)) for root in self._roots)
        found = [places[name] for places in ranked if name in places]
        return {name: found[-1]} if found else {}

    def _best(self) -> str:
        places = self._all()
        names = [each for each in PREFERRED if each in places] + list(places)
        return next((each for each in names if self._is_settled(places[each])), *names[:1] or [""])

    def _is_settled(self, place: VoiceFolder) -> bool:
        watched = place.files[0] if is_latents(place.files[0]) else place.folder
        return self._settling.is_settled(watched, place.changed_ns)

    def _voice(self, name: str, place: VoiceFolder) -> TortoiseVoice:
        """Digest a voice. Raises OSError if a file cannot be read."""
        told = sorted((self._file_digests.digest(file), file) for file in place.files)
        digests, files = zip(*told, strict=True)
        whole = "/".join(["latents" if is_latents(place.files[0]) else "clips", *digests])
        digest = hashlib.sha256(whole.encode()).hexdigest()[:32]
        return TortoiseVoice(name, digest, files, digests)

    def _missing(self, name: str) -> EngineUnavailable:
        near = ", ".join(difflib.get_close_matches(name, self._all(), n=5, cutoff=0.4))
        return EngineUnavailable(
            f"Tortoise has no voice '{name}'." if name else "Tortoise has no voice.",
            (f"Near it are: {near}. " if near else "")
            + "To make it, put three clips of about ten seconds into "
            f"{self._own / (name or 'anna')}/ ({', '.join(SUFFIXES)}).",
        )


def shipped() -> Path | None:
    """The folder of voices of tortoise-tts; None if it is not installed."""
    folder = (package_folder() or Path("/nonexistent")) / "voices"
    return folder if folder.is_dir() else None


def _unreadable(file: Path, error: OSError) -> tuple[str, str]:
    return (
        f"{file} cannot be read: {error.strerror or error}.",
        f"Let the account of the daemon read it: sudo chmod a+r {file}",
    )


def is_clip(file: Path) -> bool:
    """True if a file is a clip by its name; hidden ones are drafts of a sync program."""
    return file.suffix.lower() in SUFFIXES and not file.name.startswith(".")


def is_latents(file: Path) -> bool:
    """True if a file has latents by its name."""
    return file.suffix.lower() == LATENTS_SUFFIX


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
    state = _state(folder)
    with os.scandir(folder) as found:
        entries = sorted(found, key=lambda entry: entry.name)
    seen = [entry for entry in entries if not entry.name.startswith(".")]
    below = [Path(entry) for entry in seen if entry.is_dir(follow_symlinks=False)]
    kept = [entry for entry in seen if _is_file(entry, real)]
    changed_ns = _newest_ns(state, entries, kept)
    return VoiceFolder(folder, state, [Path(entry) for entry in kept], changed_ns), below


def _newest_ns(state: _FolderState, entries: _Entries, kept: _Entries) -> int:
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


def _state(folder: Path) -> _FolderState:
    state = folder.stat()
    return state.st_ino, state.st_mtime_ns, state.st_ctime_ns

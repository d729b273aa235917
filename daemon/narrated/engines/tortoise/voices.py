"""Tortoise's voices: folders of clips, or latents made of some; the user's own, and those shipped.

Looked up on the disk each time, so that one dropped later is found. Imports no torch.
"""

import difflib
import hashlib
import importlib.util
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from narrated.engines.neural.stamps import Stamps, regular
from narrated.engines.tortoise import clips
from narrated.errors import EngineUnavailable
from narrated.sizes import size

LATENTS_SUFFIX = ".pth"
MOST_CLIPS = 24
"""The first by name count: more make a voice no better, and each is read and computed on."""

_PREFERRED = ("train_grace", "train_daws", "train_dotrice", "train_dreams", "train_empire")
"""Speakers that the model was trained on are said with the best sound, as its author says."""
_TRIES = 5
_BEING_CHANGED = "It is tried again by itself."


@dataclass(frozen=True, slots=True)
class Voice:
    """A voice by its content: the digest does not hang on names or times."""

    name: str
    digest: str
    files: tuple[Path, ...]
    """The clips, in the order of their content; or the one file of latents."""

    @property
    def holds_latents(self) -> bool:
        """Whether it is a file of latents instead of clips."""
        return self.files[0].suffix.lower() == LATENTS_SUFFIX

    def contents(self) -> list[tuple[str, bytes]]:
        """Each file's path and bytes, which are those that the digest was taken of.

        EngineUnavailable where they are other ones by now, or cannot be read.
        """
        read = [(str(file), self._bytes(file)) for file in self.files]
        digests = [hashlib.sha256(content).hexdigest() for _, content in read]
        if _whole(digests, latents=self.holds_latents) != self.digest:
            raise EngineUnavailable(f"The voice '{self.name}' is being changed.", _BEING_CHANGED)
        return read

    def _bytes(self, file: Path) -> bytes:
        try:
            with regular(file) as content:
                read = content.read(clips.MOST_BYTES + 1)
        except FileNotFoundError as error:
            raise EngineUnavailable(
                f"The voice '{self.name}' is being changed: {file} is gone.", _BEING_CHANGED
            ) from error
        except OSError as error:
            raise EngineUnavailable(*_unreadable(file, error)) from error
        if len(read) > clips.MOST_BYTES:
            raise EngineUnavailable(
                f"{file} cannot be used: it is larger than {size(clips.MOST_BYTES)}.",
                "Give clips of about ten seconds.",
            )
        return read


class Voices:
    """Those in the user's own folder, before those in the folder that came with tortoise-tts."""

    def __init__(self, own: Path, shipped: Path | None) -> None:
        self._own = own
        self._shipped = shipped
        self._stamps = Stamps(clips.MOST_BYTES)

    def listed(self) -> dict[str, str]:
        """Every voice whose files can be read, with its digest; broken ones too."""
        _, voices = self._steady()
        return {name: voice.digest for name, voice in voices.items()}

    def found(self, name: str, language: str = "") -> Voice:
        """A voice by its name; without one, a speaker that the model knows, else an own one.

        The language decides nothing: Tortoise speaks English alone. EngineUnavailable for a voice
        that is not there, or that cannot be read.
        """
        every, voices = self._steady()
        if not name:
            name = next((each for each in _PREFERRED if each in every), next(iter(every), ""))
        if name not in every:
            raise self._missing(name, every)
        try:
            return voices[name] if name in voices else self._voice(name, every[name])
        except OSError as error:
            at = Path(error.filename or every[name].files[0])
            raise EngineUnavailable(*_unreadable(at, error)) from error

    def _steady(self) -> tuple[Mapping[str, "_Place"], Mapping[str, Voice]]:
        """All that is there by name, and those of it that can be read.

        Looked up again where a folder became another while it was read: half of an old voice and
        half of a new one are no voice.
        """
        for _ in range(_TRIES):
            every, voices = self._all(), {}
            for name, place in every.items():
                with suppress(OSError):
                    voices[name] = self._voice(name, place)
            if all(place.stands for place in every.values()):
                break
        return every, voices

    def _all(self) -> dict[str, "_Place"]:
        shipped = dict(_within(self._shipped)) if self._shipped is not None else {}
        return dict(sorted({**shipped, **dict(_within(self._own))}.items()))

    def _voice(self, name: str, place: "_Place") -> Voice:
        """OSError where a file cannot be read."""
        told = sorted((self._stamps.digest(file), file) for file in place.files)
        latents = place.files[0].suffix.lower() == LATENTS_SUFFIX
        digest = _whole([each for each, _ in told], latents=latents)
        return Voice(name, digest, tuple(file for _, file in told))

    def _missing(self, name: str, every: Mapping[str, object]) -> EngineUnavailable:
        near = difflib.get_close_matches(name, every, n=5, cutoff=0.4)
        into = self._own / (name or "anna")
        return EngineUnavailable(
            f"Tortoise has no voice '{name}'." if name else "Tortoise has no voice.",
            (f"Near it are: {', '.join(near)}. " if near else "")
            + f"To make it, put three clips of about ten seconds into {into}/ "
            f"({', '.join(clips.SUFFIXES)}).",
        )


def shipped() -> Path | None:
    """The voices that come with tortoise-tts; None where it is not installed. Imports nothing."""
    try:
        spec = importlib.util.find_spec("tortoise")
    except (ImportError, ValueError):
        return None
    for place in (spec and spec.submodule_search_locations) or ():
        if (Path(place) / "voices").is_dir():
            return Path(place) / "voices"
    return None


def is_clip(file: Path) -> bool:
    """Whether a file counts as a clip by its name; hidden ones are drafts of who syncs."""
    return file.suffix.lower() in clips.SUFFIXES and not file.name.startswith(".")


@dataclass(frozen=True, slots=True)
class _Place:
    """A folder as it was before it was read, and those of its files that are in question."""

    folder: Path
    state: tuple[int, int, int]
    files: Sequence[Path]

    @property
    def stands(self) -> bool:
        """Whether the folder is as it was."""
        try:
            return self.state == _state(self.folder)
        except OSError:
            return False

    def only(self, files: Sequence[Path]) -> "_Place":
        return _Place(self.folder, self.state, files)


def _within(root: Path) -> Iterator[tuple[str, _Place]]:
    """Every voice below a folder; where two have a name, the clips come last, and win."""
    latents: list[tuple[str, _Place]] = []
    recorded: list[tuple[str, _Place]] = []
    for place in _places(root):
        name = place.folder.relative_to(root).as_posix()
        recordings = [file for file in place.files if is_clip(file)]
        made = [file for file in place.files if file.suffix.lower() == LATENTS_SUFFIX]
        for file in made:
            within = file.relative_to(root).with_suffix("").as_posix()
            latents.append((within, place.only([file])))
        if recordings and place.folder != root:
            recorded.append((name, place.only(recordings[:MOST_CLIPS])))
        elif len(made) == 1 and place.folder != root:
            latents.append((name, place.only(made)))
    yield from latents
    yield from recorded


def _places(root: Path) -> Iterator[_Place]:
    """Each folder, with the regular files that really stand below the root, sorted by name.

    Hidden ones do not count; a link counts as a file where it leads to one below the root, and
    never as a folder.
    """
    real, ahead = root.resolve(), [root]
    while ahead:
        folder = ahead.pop()
        try:
            state = _state(folder)
            with os.scandir(folder) as found:
                entries = sorted(found, key=lambda entry: entry.name)
        except OSError:
            continue
        seen = [entry for entry in entries if not entry.name.startswith(".")]
        ahead += [Path(entry) for entry in seen if entry.is_dir(follow_symlinks=False)]
        yield _Place(folder, state, [Path(entry) for entry in seen if _is_file(entry, real)])


def _is_file(entry: os.DirEntry[str], real: Path) -> bool:
    try:
        if not entry.is_symlink():
            return entry.is_file()
        return entry.is_file() and Path(entry).resolve().is_relative_to(real)
    except (OSError, RuntimeError):  # a link to itself
        return False


def _state(folder: Path) -> tuple[int, int, int]:
    state = folder.stat()
    return state.st_ino, state.st_mtime_ns, state.st_ctime_ns


def _whole(digests: Sequence[str], *, latents: bool) -> str:
    told = ["latents" if latents else "clips", *sorted(digests)]
    return hashlib.sha256("/".join(told).encode()).hexdigest()[:32]


def _unreadable(file: Path, error: OSError) -> tuple[str, str]:
    return (
        f"{file} cannot be read: {error.strerror or error}.",
        f"Let the account of the daemon read it: sudo chmod a+r {file}",
    )

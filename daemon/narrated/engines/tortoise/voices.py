"""Tortoise's voices: folders of clips, or latents made of some; the user's own, and those shipped.

Looked up on the disk each time, so that one dropped later is found. Imports no torch.
"""

import difflib
import hashlib
import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

from narrated.engines.neural.stamps import Settling, Stamps, regular
from narrated.engines.tortoise import clips
from narrated.engines.tortoise.parts import package
from narrated.errors import EngineUnavailable
from narrated.sizes import size

LATENTS_SUFFIX = ".pth"
MOST_CLIPS = 24
"""The first by name count: more make a voice no better, and each is read and computed on."""
SETTLE_S = 3.0
"""How long a voice's files are left alone before they count: a copy that halts has more to come."""

_PREFERRED = ("train_grace", "train_daws", "train_dotrice", "train_dreams", "train_empire")
"""Speakers that the model was trained on are said with the best sound, as its author says."""
_TRIES = 5
_BEING_CHANGED = (
    f"Once its files were left alone for {SETTLE_S:g} s, a post is tried again by itself."
)


@dataclass(frozen=True, slots=True)
class Voice:
    """A voice by its content: the digest does not hang on names or times."""

    name: str
    digest: str
    files: tuple[Path, ...]
    """The clips, in the order of their content; or the one file of latents."""
    digests: tuple[str, ...] = ()
    """Of each file's content, which the whole one is taken of."""

    @property
    def holds_latents(self) -> bool:
        """Whether it is a file of latents instead of clips."""
        return self.files[0].suffix.lower() == LATENTS_SUFFIX

    def contents(self) -> list[tuple[str, bytes]]:
        """Each file's path and bytes, as `content` gives them."""
        return [self.content(number) for number in range(len(self.files))]

    def content(self, number: int) -> tuple[str, bytes]:
        """One file's path and bytes, which are those that the digest was taken of.

        EngineUnavailable where they are other ones by now, or cannot be read.
        """
        file = self.files[number]
        content = self._bytes(file)
        if hashlib.sha256(content).hexdigest() != self.digests[number]:
            raise EngineUnavailable(f"The voice '{self.name}' is being changed.", _BEING_CHANGED)
        return str(file), content

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
    """Those in the user's own folder, before those in the folder that came with tortoise-tts.

    A voice whose files are being copied is none yet: it counts once they were left alone.
    """

    def __init__(self, own: Path, shipped: Path | None) -> None:
        self._own = own
        self._roots = [own] if shipped is None else [shipped, own]
        self._stamps = Stamps(clips.MOST_BYTES)
        self._settling = Settling(SETTLE_S)

    def listed(self) -> dict[str, str]:
        """Every voice whose files can be read, with its digest; broken ones too."""
        return {name: voice.digest for name, voice in self._steady(self._all)[1].items()}

    def digest(self, name: str) -> str:
        """One voice's, without a look at all the others; empty where it is not listed."""
        voice = self._steady(lambda: self._named(name))[1].get(name)
        return voice.digest if voice else ""

    def found(self, name: str, language: str = "") -> Voice:
        """A voice by its name; without one, a speaker that the model knows, else an own one.

        The language decides nothing: Tortoise speaks English alone. EngineUnavailable for a voice
        that is not there, that is being changed, or that cannot be read.
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
        self, look: Callable[[], Mapping[str, "_Place"]]
    ) -> tuple[Mapping[str, "_Place"], Mapping[str, Voice]]:
        """What is there by name, and those voices of it that are settled and can be read.

        Looked up again where a folder became another while it was read: half of an old voice and
        half of a new one are no voice.
        """
        for _ in range(_TRIES):
            places, voices = look(), {}
            for name, place in places.items():
                with suppress(OSError):
                    if self._is_settled(place):
                        voices[name] = self._voice(name, place)
            if all(place.stands for place in places.values()):
                break
        return places, voices

    def _all(self) -> dict[str, "_Place"]:
        every: dict[str, _Place] = {}
        for root in self._roots:
            every |= _ranked(root, _places(root))
        return dict(sorted(every.items()))

    def _named(self, name: str) -> dict[str, "_Place"]:
        """The one place of this name, as it would be among all."""
        found: dict[str, _Place] = {}
        for root in self._roots:
            found |= _ranked(root, _around(root, name))
        return {name: found[name]} if name in found else {}

    def _best(self) -> str:
        """One that is settled, where there is any."""
        places = self._all()
        names = [each for each in _PREFERRED if each in places] + list(places)
        return next((each for each in names if self._is_settled(places[each])), *names[:1] or [""])

    def _is_settled(self, place: "_Place") -> bool:
        return self._settling.is_over(place.told_by, place.changed_ns)

    def _voice(self, name: str, place: "_Place") -> Voice:
        """OSError where a file cannot be read."""
        told = sorted((self._stamps.digest(file), file) for file in place.files)
        latents = place.files[0].suffix.lower() == LATENTS_SUFFIX
        digest = _whole([each for each, _ in told], latents=latents)
        return Voice(name, digest, tuple(file for _, file in told), tuple(each for each, _ in told))

    def _missing(self, name: str) -> EngineUnavailable:
        near = difflib.get_close_matches(name, self._all(), n=5, cutoff=0.4)
        into = self._own / (name or "anna")
        return EngineUnavailable(
            f"Tortoise has no voice '{name}'." if name else "Tortoise has no voice.",
            (f"Near it are: {', '.join(near)}. " if near else "")
            + f"To make it, put three clips of about ten seconds into {into}/ "
            f"({', '.join(clips.SUFFIXES)}).",
        )


def shipped() -> Path | None:
    """The voices that come with tortoise-tts; None where it is not installed."""
    folder = package()
    return folder / "voices" if folder is not None and (folder / "voices").is_dir() else None


def is_clip(file: Path) -> bool:
    """Whether a file counts as a clip by its name; hidden ones are drafts of who syncs."""
    return file.suffix.lower() in clips.SUFFIXES and not file.name.startswith(".")


@dataclass(frozen=True, slots=True)
class _Place:
    """A folder as it was before it was read, and those of its files that are in question."""

    folder: Path
    state: tuple[int, int, int]
    files: Sequence[Path]
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
    def told_by(self) -> Path:
        """What its changes are known by: the file of latents, or the folder of clips."""
        return self.files[0] if self.files[0].suffix.lower() == LATENTS_SUFFIX else self.folder

    def clips(self, files: Sequence[Path]) -> "_Place":
        return replace(self, files=files)

    def latents(self, file: Path) -> "_Place":
        return replace(self, files=[file], changed_ns=_changed_ns(file))


def _ranked(root: Path, places: Iterable[_Place]) -> dict[str, _Place]:
    """The voices in these folders by name; where two have one, the clips win."""
    latents: dict[str, _Place] = {}
    recorded: dict[str, _Place] = {}
    for place in places:
        name = place.folder.relative_to(root).as_posix()
        recordings = [file for file in place.files if is_clip(file)]
        made = [file for file in place.files if file.suffix.lower() == LATENTS_SUFFIX]
        for file in made:
            within = file.relative_to(root).with_suffix("").as_posix()
            latents[within] = place.latents(file)
        if recordings and place.folder != root:
            recorded[name] = place.clips(recordings[:MOST_CLIPS])
        elif len(made) == 1 and place.folder != root:
            latents[name] = place.latents(made[0])
    return latents | recorded


def _places(root: Path) -> Iterator[_Place]:
    """Each folder below the root that can be read, and itself; never one that is hidden or a link.

    A link counts as a file where it leads to one below the root.
    """
    real, ahead = root.resolve(), [root]
    while ahead:
        folder = ahead.pop()
        with suppress(OSError):
            place, below = _looked_at(folder, real)
            yield place
            ahead += below


def _around(root: Path, name: str) -> Iterator[_Place]:
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


def _looked_at(folder: Path, real: Path) -> tuple[_Place, list[Path]]:
    """A folder with its regular files by name, hidden ones left out, and the folders in it."""
    state = _state(folder)
    with os.scandir(folder) as found:
        entries = sorted(found, key=lambda entry: entry.name)
    seen = [entry for entry in entries if not entry.name.startswith(".")]
    below = [Path(entry) for entry in seen if entry.is_dir(follow_symlinks=False)]
    kept = [entry for entry in seen if _is_file(entry, real)]
    changed_ns = _newest_ns(state, entries, kept)
    return _Place(folder, state, [Path(entry) for entry in kept], changed_ns), below


def _newest_ns(
    state: tuple[int, int, int],
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


def _changed_ns(file: Path) -> int:
    """0 where it is gone: whoever reads it says so."""
    try:
        return file.stat().st_ctime_ns
    except OSError:
        return 0


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

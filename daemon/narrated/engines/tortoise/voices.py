"""Tortoise's voices: clips, or latents made of some; the user's own, and those shipped.

Looked up on the disk each time, so that one dropped later is found. Imports no torch.
"""

import difflib
import hashlib
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from narrated.engines.neural.file_digests import FileDigests, SettleDetector, regular
from narrated.engines.tortoise import voice_clips
from narrated.engines.tortoise.required_files import package
from narrated.engines.tortoise.voice_folders import VoiceFolder, is_latents, place_of, places_below
from narrated.errors import EngineUnavailable
from narrated.human_sizes import size

SETTLE_S = 3.0
"""How long a voice's files are left alone before they count: a copy that halts has more to come."""

_PREFERRED = ("train_grace", "train_daws", "train_dotrice", "train_dreams", "train_empire")
"""Speakers that the model was trained on are said with the best sound, as its author says."""
_TRIES = 5
_BEING_CHANGED = (
    f"Once its files were left alone for {SETTLE_S:g} s, a post is tried again by itself."
)


@dataclass(frozen=True, slots=True)
class TortoiseVoice:
    """A voice by its content: the digest does not hang on names or times."""

    name: str
    digest: str
    files: tuple[Path, ...]
    """The clips, in the order of their content; or the one file of latents."""
    digests: tuple[str, ...]
    """Of each file's content, which the whole one is taken of."""

    @property
    def holds_latents(self) -> bool:
        """Whether it is a file of latents instead of clips."""
        return is_latents(self.files[0])

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
                read = content.read(voice_clips.MOST_BYTES + 1)
        except FileNotFoundError as error:
            raise EngineUnavailable(
                f"The voice '{self.name}' is being changed: {file} is gone.", _BEING_CHANGED
            ) from error
        except OSError as error:
            raise EngineUnavailable(*_unreadable(file, error)) from error
        if len(read) > voice_clips.MOST_BYTES:
            raise EngineUnavailable(
                f"{file} cannot be used: it is larger than {size(voice_clips.MOST_BYTES)}.",
                "Give clips of about ten seconds.",
            )
        return read


class TortoiseVoices:
    """Those in the user's own folder, before those in the folder that came with tortoise-tts.

    A voice whose files are being copied is none yet: it counts once they were left alone.
    """

    def __init__(self, own: Path, shipped: Path | None) -> None:
        self._own = own
        self._roots = [own] if shipped is None else [shipped, own]
        self._stamps = FileDigests(voice_clips.MOST_BYTES)
        self._settling = SettleDetector(SETTLE_S)

    def listed(self) -> dict[str, str]:
        """Every voice whose files can be read, with its digest; broken ones too."""
        return {name: voice.digest for name, voice in self._steady(self._all)[1].items()}

    def digest(self, name: str) -> str:
        """One voice's, without a look at all the others; empty where it is not listed."""
        voice = self._steady(lambda: self._named(name))[1].get(name)
        return voice.digest if voice else ""

    def found(self, name: str, language: str = "") -> TortoiseVoice:
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
        self, look: Callable[[], Mapping[str, VoiceFolder]]
    ) -> tuple[Mapping[str, VoiceFolder], Mapping[str, TortoiseVoice]]:
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

    def _all(self) -> dict[str, VoiceFolder]:
        every: dict[str, VoiceFolder] = {}
        for root in self._roots:
            every |= places_below(root)
        return dict(sorted(every.items()))

    def _named(self, name: str) -> dict[str, VoiceFolder]:
        """The one place of this name, as it would be among all."""
        found = [place for root in self._roots if (place := place_of(name, root))]
        return {name: found[-1]} if found else {}

    def _best(self) -> str:
        """One that is settled, where there is any."""
        places = self._all()
        names = [each for each in _PREFERRED if each in places] + list(places)
        return next((each for each in names if self._is_settled(places[each])), *names[:1] or [""])

    def _is_settled(self, place: VoiceFolder) -> bool:
        return self._settling.is_over(place.told_by, place.changed_ns)

    def _voice(self, name: str, place: VoiceFolder) -> TortoiseVoice:
        """OSError where a file cannot be read."""
        told = sorted((self._stamps.digest(file), file) for file in place.files)
        digests, files = zip(*told, strict=True)
        whole = "/".join(["latents" if place.holds_latents else "clips", *digests])
        digest = hashlib.sha256(whole.encode()).hexdigest()[:32]
        return TortoiseVoice(name, digest, files, digests)

    def _missing(self, name: str) -> EngineUnavailable:
        near = difflib.get_close_matches(name, self._all(), n=5, cutoff=0.4)
        into = self._own / (name or "anna")
        return EngineUnavailable(
            f"Tortoise has no voice '{name}'." if name else "Tortoise has no voice.",
            (f"Near it are: {', '.join(near)}. " if near else "")
            + f"To make it, put three clips of about ten seconds into {into}/ "
            f"({', '.join(voice_clips.SUFFIXES)}).",
        )


def shipped() -> Path | None:
    """The voices that come with tortoise-tts; None where it is not installed."""
    folder = package()
    return folder / "voices" if folder is not None and (folder / "voices").is_dir() else None


def _unreadable(file: Path, error: OSError) -> tuple[str, str]:
    return (
        f"{file} cannot be read: {error.strerror or error}.",
        f"Let the account of the daemon read it: sudo chmod a+r {file}",
    )

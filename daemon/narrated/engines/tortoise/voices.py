"""The voices of Tortoise: clips or latents; the user's own, and those of its package.

Each look-up reads the disk, so that a new voice is found. Imports no torch.
"""

import difflib
import hashlib
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from narrated.engines.neural.file_digests import FileDigests, SettleDetector, open_regular
from narrated.engines.tortoise import voice_clips
from narrated.engines.tortoise.required_files import package
from narrated.engines.tortoise.voice_folders import (
    VoiceFolder,
    find_voice,
    is_latents,
    voices_below,
)
from narrated.errors import EngineUnavailable
from narrated.human_sizes import size

SETTLE_S = 3.0
"""Seconds without a change before a voice counts: a stalled copy may go on."""

_PREFERRED = ("train_grace", "train_daws", "train_dotrice", "train_dreams", "train_empire")
"""Speakers of the training data: the best sound, by the model's author."""
_TRIES = 5
_BEING_CHANGED = (
    f"Once its files are unchanged for {SETTLE_S:g} s, a post is tried again by itself."
)


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
        content = self._bytes(file)
        if hashlib.sha256(content).hexdigest() != self.digests[number]:
            raise EngineUnavailable(f"The voice '{self.name}' is being changed.", _BEING_CHANGED)
        return str(file), content

    def _bytes(self, file: Path) -> bytes:
        try:
            with open_regular(file) as content:
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
    """The user's own voices, before those of the package tortoise-tts.

    A voice that is being copied counts once its files are unchanged for some seconds.
    """

    def __init__(self, own: Path, shipped: Path | None) -> None:
        self._own = own
        self._roots = [own] if shipped is None else [shipped, own]
        self._stamps = FileDigests(voice_clips.MOST_BYTES)
        self._settling = SettleDetector(SETTLE_S)

    def listed(self) -> dict[str, str]:
        """Digest of every readable voice by name; broken ones too."""
        return {name: voice.digest for name, voice in self._steady(self._all)[1].items()}

    def digest(self, name: str) -> str:
        """Digest of one voice, looked up alone; empty if it is not listed."""
        voice = self._steady(lambda: self._named(name))[1].get(name)
        return voice.digest if voice else ""

    def found(self, name: str, language: str = "") -> TortoiseVoice:
        """A voice by its name; without one, a speaker of the training data, else an own voice.

        The language has no effect: Tortoise speaks English only. Raises EngineUnavailable if the
        voice is missing, changing or unreadable.
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
        for _ in range(_TRIES):
            places, voices = look(), {}
            for name, place in places.items():
                with suppress(OSError):
                    if self._is_settled(place):
                        voices[name] = self._voice(name, place)
            if all(place.is_unchanged for place in places.values()):
                break
        return places, voices

    def _all(self) -> dict[str, VoiceFolder]:
        every: dict[str, VoiceFolder] = {}
        for root in self._roots:
            every |= voices_below(root)
        return dict(sorted(every.items()))

    def _named(self, name: str) -> dict[str, VoiceFolder]:
        """The folder of this name, as `_all` gives it."""
        found = [place for root in self._roots if (place := find_voice(name, root))]
        return {name: found[-1]} if found else {}

    def _best(self) -> str:
        """The best settled voice, or else the best of all."""
        places = self._all()
        names = [each for each in _PREFERRED if each in places] + list(places)
        return next((each for each in names if self._is_settled(places[each])), *names[:1] or [""])

    def _is_settled(self, place: VoiceFolder) -> bool:
        return self._settling.is_settled(place.watched_path, place.changed_ns)

    def _voice(self, name: str, place: VoiceFolder) -> TortoiseVoice:
        """Digest a voice. Raises OSError if a file cannot be read."""
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
    """The folder of voices of tortoise-tts; None if it is not installed."""
    folder = package()
    return folder / "voices" if folder is not None and (folder / "voices").is_dir() else None


def _unreadable(file: Path, error: OSError) -> tuple[str, str]:
    return (
        f"{file} cannot be read: {error.strerror or error}.",
        f"Let the account of the daemon read it: sudo chmod a+r {file}",
    )

"""Voices of Pocket TTS: latents beside the model, and the user's own clips. Imports no torch."""

import difflib
import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from narrated.engines.neural.file_digests import FileDigests
from narrated.engines.tortoise.clip_checks import MOST_BYTES as MOST_CLIP_BYTES
from narrated.engines.tortoise.clip_checks import SUFFIXES
from narrated.engines.tortoise.voices import TortoiseVoice, TortoiseVoices
from narrated.errors import EngineUnavailable

MOST_LATENTS_BYTES = 16 << 20
"""Latents take some 16 KB; a file can claim any size."""
_SUFFIX = ".safetensors"
_PREFERRED = ("alba",)


@dataclass(frozen=True, slots=True)
class PocketVoice:
    """A voice by its content: a file of latents, or clips."""

    name: str
    digest: str
    latents: Path | None = None
    clips: TortoiseVoice | None = None


class PocketVoices:
    """Looks up voices on the disk at each call, so that it finds new ones."""

    def __init__(self, folder: Path, own: Path, *, clones: bool) -> None:
        """`folder` is the model's; `clones` tells if its audio tokenizer can encode clips."""
        self._folder, self._own = folder / "voices", own
        self._file_digests = FileDigests(max(MOST_LATENTS_BYTES, MOST_CLIP_BYTES))
        self._recorded = TortoiseVoices(own, None)
        self._clones = clones

    def listed(self) -> dict[str, str]:
        """Digest of every voice, by name."""
        clips = self._recorded.listed() if self._clones else {}
        own = {name: digest for name in clips if (digest := self.digest(name))}
        return dict(sorted({**dict(self._shipped()), **own}.items()))

    def digest(self, name: str) -> str:
        """Digest of one voice; empty if it is not listed."""
        try:
            return self._named(name).digest
        except EngineUnavailable:
            return ""

    def found(self, name: str) -> PocketVoice | None:
        """A voice by its name; without one the first of the model's, None if it has none.

        Raises EngineUnavailable if the voice is missing, changing or unreadable.
        """
        if name:
            return self._named(name)
        names = dict(self._shipped())
        best = next((each for each in (*_PREFERRED, *names) if each in names), "")
        return self._named(best) if best else None

    def _named(self, name: str) -> PocketVoice:
        if self._clones and self._recorded.digest(name):
            clips = self._recorded.found(name)
            if not clips.holds_latents:
                return PocketVoice(name, clips.digest, clips=clips)
        shipped = dict(self._shipped())
        if name in shipped:
            return PocketVoice(name, shipped[name], latents=self._folder / f"{name}{_SUFFIX}")
        raise self._missing(name)

    def _shipped(self) -> Iterator[tuple[str, str]]:
        root = self._folder.resolve()
        for file in sorted(root.glob(f"*{_SUFFIX}")) if root.is_dir() else ():
            try:
                digest = self._file_digests.digest(file)
            except OSError:
                continue
            yield file.stem, hashlib.sha256(digest.encode()).hexdigest()[:32]

    def _missing(self, name: str) -> EngineUnavailable:
        near = difflib.get_close_matches(name, self.listed(), n=5, cutoff=0.4)
        cloning = (
            f"To make it, put a clip of about ten seconds into {self._own / name}/ "
            f"({', '.join(SUFFIXES)})."
            if self._clones
            else "This audio tokenizer has no encoder, so it makes no voices of clips."
        )
        return EngineUnavailable(
            f"Pocket TTS has no voice '{name}'.",
            f"Near it are: {', '.join(near)}." if near else cloning,
        )

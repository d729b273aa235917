"""Bark's voices: the presets of a checkpoint, and the user's own."""

import difflib
import hashlib
import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path, PurePosixPath

from narrated.engines.bark import voice_prompt
from narrated.engines.bark.voice_prompt import VoicePrompt
from narrated.engines.neural.file_digests import FileDigests
from narrated.errors import EngineUnavailable

_INDEX_NAME = "speaker_embeddings_path.json"
_SPEAKER = re.compile(r"(?:v2/)?([a-z]{2})_speaker_\d+", re.ASCII)
_PREFERRED = "v2/{}_speaker_6"
_FALLBACK_LANGUAGE = "en"
_SUFFIX = ".npz"


class BarkVoices:
    """Looks up voices on the disk at each call, so that it finds new ones."""

    def __init__(self, folder: Path, own: Path) -> None:
        self._folder = folder
        self._own = own
        self._file_digests = FileDigests(voice_prompt.MOST_BYTES)
        self._presets = dict(_presets(folder))

    def listed(self) -> dict[str, str]:
        """Digest of every voice with all its files, by name; broken voices too."""
        files = {name: list(preset.values()) for name, preset in self._presets.items()}
        files |= {name: [file] for name, file in self._own_files()}
        told = {name: self._digest(files[name]) for name in sorted(files)}
        return {name: digest for name, digest in told.items() if digest}

    def digest(self, name: str) -> str:
        """Digest of one voice, without reading the others; empty if it is not listed."""
        own = dict(self._own_files()).get(name)
        return self._digest([own] if own else list(self._presets.get(name, {}).values()))

    def prompt(self, name: str, language: str) -> VoicePrompt | None:
        """The prompt of a voice; without a name, of the language's preset.

        None if there is no voice at all. Raises EngineUnavailable if the voice is unknown or its
        files are broken.
        """
        name = name or self._of_language(language)
        if not name:
            return None
        own = dict(self._own_files()).get(name)
        if own is not None:
            return voice_prompt.of_archive(own)
        if name in self._presets:
            return voice_prompt.of_arrays(self._presets[name])
        near = difflib.get_close_matches(name, self.listed(), n=5, cutoff=0.4)
        raise EngineUnavailable(
            f"Bark has no voice '{name}'.",
            f"Near it are: {', '.join(near)}."
            if near
            else f"Put {name}{_SUFFIX} into {self._own}, or name a preset: v2/en_speaker_6.",
        )

    def _of_language(self, language: str) -> str:
        """Prefer the sixth speaker, Suno's own default; else take any of the language."""
        listed = self.listed()
        present = [name for name in self._presets if name in listed]
        for code in (language.partition("-")[0].lower(), _FALLBACK_LANGUAGE):
            spoken = [name for name in present if (m := _SPEAKER.fullmatch(name)) and m[1] == code]
            if _PREFERRED.format(code) in spoken:
                return _PREFERRED.format(code)
            if spoken:
                return min(spoken, key=lambda name: (not name.startswith("v2/"), name))
        return ""

    def _own_files(self) -> Iterator[tuple[str, Path]]:
        """Regular files inside the folder; a pipe or a device would never end."""
        root = self._own.resolve()
        if root.is_dir():
            for file in sorted(root.rglob(f"*{_SUFFIX}")):
                if file.is_file() and file.resolve().is_relative_to(root):
                    yield file.relative_to(root).with_suffix("").as_posix(), file

    def _digest(self, files: list[Path]) -> str:
        """Digest of all bytes; empty if there is no file, or one is missing."""
        try:
            whole = "".join(self._file_digests.digest(file) for file in files)
        except OSError:
            return ""
        return hashlib.sha256(whole.encode()).hexdigest()[:32] if files else ""


def _presets(folder: Path) -> Iterator[tuple[str, Mapping[str, Path]]]:
    """Complete presets of the index, inside the model's folder; the index is untrusted."""
    try:
        index = json.loads((folder / _INDEX_NAME).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return
    for name, paths in index.items() if isinstance(index, dict) else ():
        if not isinstance(paths, dict):
            continue  # repo_or_path, the origin of the index
        inside = ((key, _inside(folder, paths.get(key))) for key in voice_prompt.NAMES)
        files = {key: file for key, file in inside if file is not None}
        if len(files) == len(voice_prompt.NAMES):
            yield name, files


def _inside(folder: Path, written: object) -> Path | None:
    """Check a path by its text; links may leave the folder, as in the hub's cache."""
    if not isinstance(written, str) or not written or "\0" in written:
        return None
    path = PurePosixPath(written)
    return None if path.is_absolute() or ".." in path.parts else folder / path

"""Piper's voices: those in the model folder, and the user's own. Each is two files, X.onnx and
X.onnx.json. Imports neither piper nor onnxruntime."""

import difflib
import hashlib
import json
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from narrated.engines.neural.file_digests import FileDigests, open_regular
from narrated.engines.piper.voice_names import (
    CONFIG_SUFFIX,
    SPEAKER_SEPARATOR,
    USUAL,
    WEIGHTS_SUFFIX,
    is_voice_name,
    language_tag,
    preference,
)
from narrated.errors import EngineUnavailable

MOST_WEIGHTS_BYTES = 1 << 31
_MOST_CONFIG_BYTES = 1 << 22
_MOST_SPEAKERS = 10_000


@dataclass(frozen=True, slots=True)
class VoiceFiles:
    """The two files of a voice."""

    name: str
    weights: Path
    config: Path


@dataclass(frozen=True, slots=True)
class ConfigDetails:
    """The part of a voice's configuration for those who choose a voice."""

    language: str = ""
    """Its language, with the country if it tells one: en-US."""
    speakers: Mapping[str, int] = field(default_factory=dict)
    """The numbers of its speakers by their names; empty if there is only one."""


@dataclass(frozen=True, slots=True)
class ChosenVoice:
    """A voice, and one of its speakers."""

    files: VoiceFiles
    speaker: int | None
    """The number of its speaker; None for its own choice."""
    digest: str
    """Of the voice's files."""


class PiperVoices:
    """Looks up voices on the disk at each call, so that it finds new ones."""

    def __init__(self, models: Path, own: Path) -> None:
        self._models = models
        self._own = own
        self._weights_digests = FileDigests(MOST_WEIGHTS_BYTES)
        self._config_digests = FileDigests(_MOST_CONFIG_BYTES)
        self._details: dict[str, ConfigDetails] = {}

    def listed(self) -> dict[str, str]:
        """Digest of every voice, and of each speaker of those with several; broken ones too."""
        found: dict[str, str] = {}
        for name, files in sorted(self._files().items()):
            if digest := self._digest(files):
                found |= {each: _of_speaker(digest, each) for each in self._names(name, files)}
        return found

    def names(self) -> list[str]:
        """The names of every voice and speaker: reads no weights."""
        return [each for name, files in self._files().items() for each in self._names(name, files)]

    def digest(self, name: str) -> str:
        """Digest of one voice, without reading the others; empty if it is not listed."""
        files = self._files().get(name.partition(SPEAKER_SEPARATOR)[0])
        if files is None or name not in self._names(files.name, files):
            return ""
        digest = self._digest(files)
        return digest and _of_speaker(digest, name)

    def languages(self) -> set[str]:
        """The languages that the voices speak, without countries."""
        return {self._language(files).partition("-")[0] for files in self._files().values()} - {""}

    def find(self, name: str, language: str) -> ChosenVoice:
        """Find a voice by its name; without one, the best voice of the language.

        Raises EngineUnavailable if there is none.
        """
        found = self._files()
        base, _, speaker = (name or self._of_language(found, language)).partition(SPEAKER_SEPARATOR)
        files = found.get(base)
        if files is None:
            raise self._missing(base)
        digest = self._digest(files)
        if not digest:
            raise self._missing(base)
        return ChosenVoice(files, self._speaker(files, speaker), digest)

    def usual(self, language: str) -> str:
        """The voice that speaks a language where none is named; empty if there is none."""
        try:
            return self._of_language(self._files(), language)
        except EngineUnavailable:
            return ""

    def _files(self) -> dict[str, VoiceFiles]:
        found = (*_readable(_pulled(self._models)), *_readable(_owned(self._own)))
        return {each.name: each for each in found}

    def _names(self, name: str, files: VoiceFiles) -> Iterator[str]:
        yield name
        for speaker in self._of(files).speakers:
            yield f"{name}{SPEAKER_SEPARATOR}{speaker}"

    def _digest(self, files: VoiceFiles) -> str:
        """Digest of all bytes; empty if a file is missing."""
        try:
            weights = self._weights_digests.digest(files.weights)
            both = f"{weights} {self._config_digests.digest(files.config)}"
        except OSError:
            return ""
        return hashlib.sha256(both.encode()).hexdigest()[:32]

    def _language(self, files: VoiceFiles) -> str:
        return self._of(files).language or language_tag(files.name)

    def _of(self, files: VoiceFiles) -> ConfigDetails:
        """The details of a configuration; none if it cannot be read: loading it tells why."""
        try:
            digest = self._config_digests.digest(files.config)
            if digest not in self._details:
                self._details[digest] = _details(files.config)
            return self._details[digest]
        except OSError:
            return ConfigDetails()

    def _of_language(self, found: Mapping[str, VoiceFiles], language: str) -> str:
        """The best voice of a language."""
        base = language.partition("-")[0].lower()
        tags = {name: self._language(files) for name, files in found.items()}
        spoken = [name for name, tag in tags.items() if tag.partition("-")[0].lower() == base]
        if not spoken:
            raise EngineUnavailable(
                f"Piper has no voice of the language '{language}' here.",
                "Pull one that `narrated models list` shows, or another by its name: "
                f"narrated models pull {USUAL}",
            )
        return min(spoken, key=lambda name: preference(name, tags[name], language))

    def _speaker(self, files: VoiceFiles, speaker: str) -> int | None:
        speakers = self._of(files).speakers
        if not speaker or speaker in speakers:
            return speakers[speaker] if speaker else None
        known = ", ".join([*speakers][:5]) + (", …" if len(speakers) > 5 else "")
        raise EngineUnavailable(
            f"Piper's voice '{files.name}' has no speaker '{speaker}'.",
            f"It has: {known}." if known else f"Name it alone: {files.name}.",
        )

    def _missing(self, name: str) -> EngineUnavailable:
        problem = f"Piper has no voice '{name}' here."
        if is_voice_name(name):
            return EngineUnavailable(problem, f"narrated models pull {name}")
        near = difflib.get_close_matches(name, self._files(), n=5, cutoff=0.4)
        return EngineUnavailable(
            problem,
            f"Near it are: {', '.join(near)}."
            if near
            else f"Put {name}{WEIGHTS_SUFFIX} and {name}{CONFIG_SUFFIX} into {self._own}.",
        )


def _readable(found: Iterator[VoiceFiles]) -> Iterator[VoiceFiles]:
    """Those that this account may read: commands of another one than the daemon's ask, too."""
    with suppress(OSError):
        yield from found


def _pulled(models: Path) -> Iterator[VoiceFiles]:
    """Voices at the top of a model's folder, under the names of their files."""
    for weights in sorted(models.glob(f"[!.]*/[!.]*/[!.]*{WEIGHTS_SUFFIX}"), reverse=True):
        yield from _voice(weights, weights.name.removesuffix(WEIGHTS_SUFFIX))


def _owned(own: Path) -> Iterator[VoiceFiles]:
    """Regular files inside the folder; a pipe or a device would never end."""
    root = own.resolve()
    if not root.is_dir():
        return
    for weights in sorted(root.rglob(f"*{WEIGHTS_SUFFIX}")):
        relative = weights.relative_to(root)
        is_hidden = any(part.startswith(".") for part in relative.parts)
        if not is_hidden and weights.resolve().is_relative_to(root):
            yield from _voice(weights, relative.as_posix().removesuffix(WEIGHTS_SUFFIX))


def _voice(weights: Path, name: str) -> Iterator[VoiceFiles]:
    config = weights.with_name(weights.name.removesuffix(WEIGHTS_SUFFIX) + CONFIG_SUFFIX)
    if weights.is_file() and config.is_file():
        yield VoiceFiles(name, weights, config)


def _of_speaker(digest: str, name: str) -> str:
    speaker = name.partition(SPEAKER_SEPARATOR)[2]
    return hashlib.sha256(f"{digest} {speaker}".encode()).hexdigest()[:32] if speaker else digest


def read_config(file: Path) -> dict[str, object]:
    """Read a voice's configuration. Errors: OSError; ValueError if it is none."""
    with open_regular(file) as content:
        text = content.read(_MOST_CONFIG_BYTES + 1)
    if len(text) > _MOST_CONFIG_BYTES:
        raise ValueError(f"it is larger than {_MOST_CONFIG_BYTES} bytes")
    try:
        read = json.loads(text)
    except RecursionError:
        raise ValueError("it is nested too deeply") from None
    if not isinstance(read, dict):
        raise ValueError("it is no object of JSON")
    return read


def _details(file: Path) -> ConfigDetails:
    try:
        config = read_config(file)
    except ValueError:
        return ConfigDetails()
    return ConfigDetails(_told_language(config), _told_speakers(config))


def _told_language(config: Mapping[str, object]) -> str:
    for section, key in (("language", "code"), ("espeak", "voice")):
        told = config.get(section)
        if isinstance(told, dict) and isinstance(code := told.get(key), str):
            return code.replace("_", "-")
    return ""


def _told_speakers(config: Mapping[str, object]) -> Mapping[str, int]:
    count, told = config.get("num_speakers"), config.get("speaker_id_map")
    if type(count) is not int or not 1 < count <= _MOST_SPEAKERS:
        return {}
    named = told.items() if isinstance(told, dict) else ()
    known = {
        name: number
        for name, number in named
        if type(number) is int and 0 <= number < count and name.isprintable()
    }
    return known or {str(number): number for number in range(count)}

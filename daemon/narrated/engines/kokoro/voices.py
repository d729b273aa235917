"""Kokoro's voices, by the names in its archive, such as af_heart. Imports no numpy.

The first letter is the language, the second the sex. Voices of Japanese and Chinese are left out:
kokoro-onnx takes its phonemes from espeak, which does not make those that they were trained on.
"""

import difflib
import hashlib
import zipfile
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

from narrated.engines.neural.damaged_files import guard_reading
from narrated.errors import EngineUnavailable

LETTERS: Mapping[str, str] = MappingProxyType(
    {
        "a": "en-US",
        "b": "en-GB",
        "e": "es",
        "f": "fr-FR",
        "h": "hi",
        "i": "it",
        "p": "pt-BR",
    }
)
"""The language of each voice by its first letter."""
LANGUAGES = tuple(sorted({tag.partition("-")[0] for tag in LETTERS.values()}))
_ESPEAK: Mapping[str, str] = MappingProxyType({tag: tag.lower() for tag in LETTERS.values()})
_BEST = ("af_heart", "bf_emma", "ef_dora", "ff_siwis", "hf_alpha", "if_sara", "pf_dora")
"""The voices for those who name none."""
_SUFFIX = ".npy"


class KokoroVoices:
    """The voices of an archive, which is read once."""

    def __init__(self, archive: Path, digest: str, remedy: str) -> None:
        """`digest` is the checkpoint's. Raises EngineUnavailable for a damaged archive."""
        with guard_reading(f"The voices in {archive}", remedy):
            names = archive_names(archive)
        self._digests = {name: _digest(digest, name) for name in names}

    def listed(self) -> dict[str, str]:
        """Digest of every voice, by name."""
        return dict(self._digests)

    def digest(self, name: str) -> str:
        """Digest of one voice; empty if it is not listed."""
        return self._digests.get(name, "")

    def find(self, name: str, language: str) -> str:
        """Find a voice by its name; without one, the best of the language.

        Raises EngineUnavailable if there is none.
        """
        found = name or best_voice(list(self._digests), language)
        if found in self._digests:
            return found
        if not found:
            spoken = ", ".join(LANGUAGES)
            raise EngineUnavailable(
                f"Kokoro does not speak the language '{language}'.", f"It speaks: {spoken}."
            )
        near = difflib.get_close_matches(found, self._digests, n=5, cutoff=0.4)
        raise EngineUnavailable(
            f"Kokoro has no voice '{found}'.",
            f"It has, among others: {', '.join(near or sorted(self._digests)[:5])}.",
        )


def archive_names(archive: Path) -> list[str]:
    """The voices of an archive of numpy's. Errors: OSError, zipfile.BadZipFile."""
    with zipfile.ZipFile(archive) as files:
        names = (name.removesuffix(_SUFFIX) for name in files.namelist() if name.endswith(_SUFFIX))
        return sorted(name for name in names if language_tag(name))


def language_tag(name: str) -> str:
    """The language of a voice, such as en-US; empty if it is not spoken."""
    return LETTERS.get(name[:1], "") if name[2:3] == "_" else ""


def espeak_language(name: str) -> str:
    """The same as espeak names it."""
    return _ESPEAK[language_tag(name)]


def best_voice(names: list[str], language: str) -> str:
    """The best voice of a language, of its country if there is one; empty if nobody speaks it."""
    wanted = language.lower()
    base = wanted.partition("-")[0]
    spoken = [name for name in names if language_tag(name).partition("-")[0].lower() == base]
    return min(
        spoken,
        key=lambda name: (
            language_tag(name).lower() != wanted,
            LETTERS_IN_ORDER.index(name[0]),
            name not in _BEST,
            name,
        ),
        default="",
    )


LETTERS_IN_ORDER = "".join(LETTERS)


def _digest(checkpoint: str, name: str) -> str:
    return hashlib.sha256(f"{checkpoint} {name}".encode()).hexdigest()[:32]

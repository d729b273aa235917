"""Checks the two files of a Piper voice: its weights, and the configuration beside them."""

import hashlib
from collections.abc import Sequence
from pathlib import Path

from narrated.engines.neural.file_digests import open_regular
from narrated.engines.piper.voice_names import CONFIG_SUFFIX, SPEAKER_SEPARATOR, WEIGHTS_SUFFIX
from narrated.engines.piper.voices import MOST_WEIGHTS_BYTES, read_config
from narrated.errors import NarratedError
from narrated.human_formatting import size

_IR_VERSION = b"\x08"
"""The first byte of a model in ONNX: its first field is the version of the format."""
_POINTER = b"version https://git-lfs"


def is_piper_file(source: Path) -> bool:
    """True if a file has the suffix of a voice's weights or of its configuration."""
    return source.name.lower().endswith((WEIGHTS_SUFFIX, CONFIG_SUFFIX))


def voice_pair(sources: Sequence[Path]) -> tuple[Path, Path]:
    """The weights and the configuration of a voice, from one of them or both.

    Raises NarratedError if they are no voice of Piper's.
    """
    weights = {Path(str(each).removesuffix(".json")) for each in sources}
    if len(weights) > 1 or not all(map(is_piper_file, sources)):
        raise NarratedError(
            "Several files are one voice of Piper only if they are its weights and its "
            f"configuration: anna{WEIGHTS_SUFFIX} and anna{CONFIG_SUFFIX}.",
            "Add the others one by one.",
        )
    (model,) = weights
    config = model.with_name(model.name + ".json")
    _check_config(config)
    return model, config


def check_name(name: str) -> None:
    """Raise NarratedError if Piper would take a part of a name for a speaker's."""
    if SPEAKER_SEPARATOR in name:
        raise NarratedError(
            f"'{name}' cannot be the name of a Piper voice: after {SPEAKER_SEPARATOR} comes one "
            "of its speakers.",
            "Give another with --name, such as anna.",
        )


def weights_digest(file: Path) -> str:
    """Check the start of a voice's weights, and hash them. Raises NarratedError."""
    try:
        with open_regular(file) as content:
            start = content.read(len(_POINTER))
            if start == _POINTER:
                raise NarratedError(
                    f"{file} is a pointer of git-lfs, and not the weights themselves.",
                    "Fetch them: git lfs pull",
                )
            if not start.startswith(_IR_VERSION):
                raise NarratedError(f"{file} is no model in ONNX.", "Fetch or export it again.")
            if (length := file.stat().st_size) > MOST_WEIGHTS_BYTES:
                raise NarratedError(
                    f"{file} is no voice: {size(length)} are more than {size(MOST_WEIGHTS_BYTES)}.",
                    "A voice of Piper takes some 60 MB.",
                )
            content.seek(0)
            return hashlib.file_digest(content, "sha256").hexdigest()
    except OSError as error:
        raise NarratedError(f"{file} cannot be read: {error.strerror or error}.", "") from error


def _check_config(file: Path) -> None:
    try:
        config = read_config(file)
    except OSError as error:
        raise NarratedError(
            f"A voice of Piper has two files, and {file} cannot be read: "
            f"{error.strerror or error}.",
            f"Put it beside its weights: Piper's training writes it as config.json, and "
            f"downloads have it as X{CONFIG_SUFFIX}.",
        ) from error
    except ValueError as error:
        raise NarratedError(
            f"{file} is no configuration of a voice: {error}.", "Fetch it again."
        ) from error
    lacking = [key for key in ("audio", "phoneme_id_map") if not isinstance(config.get(key), dict)]
    if lacking:
        raise NarratedError(
            f"{file} is no configuration of a Piper voice: it has no `{lacking[0]}`.",
            "Take the one that was made with the weights.",
        )

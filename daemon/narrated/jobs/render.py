"""Rendering: joins takes with the script's pauses, and encodes them as they come."""

import shutil
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from narrated.audio.encoder import AudioEncoder
from narrated.audio.formats import FORMATS
from narrated.audio.pcm import silence, trim
from narrated.audio.transcript import Transcript, TranscriptCue
from narrated.errors import StorageError
from narrated.jobs.plan import Plan
from narrated.ledger.take_cache import TakeCache
from narrated.outbox.manifest import BlockTime
from narrated.outbox.publish import PreparedFile
from narrated.storage_errors import storing

LEAD_S = 0.25
"""Silence before the first word: some players cut off the beginning of a file."""
BEGINNING_CHARACTERS = 80


@dataclass(frozen=True, slots=True)
class RenderedNarration:
    """A rendered narration: files in the state folder, ready for their tags."""

    audio: Path
    transcript: Path
    duration_s: float
    blocks: tuple[BlockTime, ...]

    def prepared(self) -> tuple[PreparedFile, ...]:
        """The files to publish, each with its suffix."""
        return (
            PreparedFile(self.audio, self.audio.suffix),
            PreparedFile(self.transcript, self.transcript.suffix),
        )

    def discard(self) -> None:
        """Remove the files with their folder, after publication or if they are not needed."""
        shutil.rmtree(self.audio.parent, ignore_errors=True)


class Renderer:
    """Renders one job's audio and transcript; called from one executor thread at a time.

    It holds only the takes that are being added: audio and transcript grow on disk.
    """

    def __init__(self, folder: Path, plan: Plan, cache: TakeCache) -> None:
        self._folder = folder
        self._plan = plan
        self._cache = cache
        self._encoder: AudioEncoder | None = None
        self._transcript: Transcript | None = None
        self._added = 0
        self._blocks: list[BlockTime] = []
        self._line = self._text = ""

    @property
    def added(self) -> int:
        """The number of chunks added; also the index of the next chunk."""
        return self._added

    def add(self, count: int) -> None:
        """Add the next chunks, all of which are in the cache.

        Errors: DamagedTake, before any is added, if one cannot be decoded; StorageError.
        """
        numbers = range(self._added, self._added + count)
        takes = [self._cache.read(self._plan.keys[number]) for number in numbers]
        for number, (pcm, sample_rate) in zip(numbers, takes, strict=True):
            self._add_take(number, pcm, sample_rate)
            self._added += 1

    def finish(self) -> RenderedNarration:
        """Close the files."""
        if self._encoder is None or self._transcript is None:
            raise ValueError("nothing was rendered")
        duration_s = self._encoder.seconds
        self._encoder.close()
        self._transcript.close()
        return RenderedNarration(self._audio, self._vtt, round(duration_s, 3), tuple(self._blocks))

    def discard(self) -> None:
        """Remove everything that was rendered."""
        if self._encoder is not None:
            self._encoder.discard()
        if self._transcript is not None:
            with suppress(StorageError):  # the disk may be full: closing writes the buffer
                self._transcript.close()
        shutil.rmtree(self._folder, ignore_errors=True)

    @property
    def _audio(self) -> Path:
        return self._folder / f"audio{FORMATS[self._plan.output.format].suffix}"

    @property
    def _vtt(self) -> Path:
        return self._folder / "audio.vtt"

    def _add_take(self, number: int, pcm: bytes, sample_rate: int) -> None:
        encoder, transcript = self._open(sample_rate)
        chunk = self._plan.draft.chunks[number]
        start_s = encoder.seconds
        encoder.write(trim(pcm, sample_rate), sample_rate)
        end_s = encoder.seconds
        encoder.write(silence(chunk.pause_s, sample_rate), sample_rate)
        transcript.append(TranscriptCue(start_s, end_s, chunk.text))
        self._add_block(number, start_s, end_s)

    def _open(self, sample_rate: int) -> tuple[AudioEncoder, Transcript]:
        if self._encoder is None or self._transcript is None:
            output = self._plan.output
            with storing(str(self._folder)):
                self._folder.mkdir(parents=True, exist_ok=True)
            self._transcript = Transcript(self._vtt)
            self._encoder = AudioEncoder(self._audio, output.format, sample_rate, output.bitrate)
            self._encoder.write(silence(LEAD_S, sample_rate))
        return self._encoder, self._transcript

    def _add_block(self, number: int, start_s: float, end_s: float) -> None:
        """Add one entry for each line of the script; further chunks of a line extend its entry."""
        chunk = self._plan.draft.chunks[number]
        if chunk.line == self._line and self._blocks:
            start_s = self._blocks.pop().start_s
            text = self._text
        else:
            text = self._text = chunk.text[:BEGINNING_CHARACTERS]
        self._line = chunk.line
        self._blocks.append(
            BlockTime(chunk.block, chunk.role, text, round(start_s, 3), round(end_s, 3))
        )


def clear(folder: Path) -> None:
    """Remove unfinished work of a killed daemon. Errors: StorageError."""
    try:
        if folder.exists():
            shutil.rmtree(folder)
        folder.mkdir(parents=True)
    except OSError as error:
        raise StorageError(
            f"The folder for work in progress {folder} cannot be used: {error}.",
            "Mend its rights, or name another `state:` folder.",
        ) from error

"""Encodes a narration in a child: its takes with the script's pauses, and when each is heard."""

from collections.abc import Sequence
from pathlib import Path
from types import MappingProxyType

from msgspec.structs import replace

from narrated.audio.audio_tags import AudioTags
from narrated.audio.encoder_requests import (
    ALL_AT_ONCE,
    DamagedTakes,
    EncodingSettings,
    SoundFile,
    SoundFileChanged,
    TakeToAdd,
    narration_files,
)
from narrated.jobs.encoded_narration import EncodedNarration
from narrated.jobs.level_estimate import LevelEstimator
from narrated.jobs.narration_chapters import Pictures, chapters_at_takes, heard_chapters
from narrated.jobs.narration_sentences import NarrationSentences, take_sentences
from narrated.jobs.plan import Plan, PlanOutdated
from narrated.ledger.take_cache import TakeCache
from narrated.outbox.manifest import BlockTime
from narrated.script.script import Chunk
from narrated.workers.encoder_pool import EncoderPool

BEGINNING_CHARACTERS = 80
_CHANNELS = {"mono": 1, "stereo": 2}
_NO_PICTURES: Pictures = MappingProxyType({})


class DamagedChunks(Exception):
    """The takes of these chunks are gone or do not decode; they must be spoken again."""

    def __init__(self, seqs: Sequence[int]) -> None:
        super().__init__(f"the takes of the chunks {seqs} are damaged")
        self.seqs = list(seqs)


class NarrationEncoder:
    """Encodes one job's audio and transcript into a folder of its own."""

    def __init__(
        self,
        folder: Path,
        plan: Plan,
        cache: TakeCache,
        encoders: EncoderPool,
        job: int,
        level: LevelEstimator,
    ) -> None:
        self._plan = plan
        self._cache = cache
        self._level = level
        self._audio, *self._transcripts = narration_files(folder, plan.output.format)
        output = plan.output
        settings = _encoding_settings(plan)
        self._narration = encoders.narration(folder, output.format, output.bitrate, job, settings)
        self._blocks: list[BlockTime] = []
        self._starts_s: dict[str, float] = {}
        """When each line begins."""
        self._times: list[tuple[float, float]] = []
        """When each chunk begins and ends."""
        self._sentences = NarrationSentences(plan.draft)
        self._line: str | None = None
        self.added = 0
        """The number of chunks added; also the index of the next chunk."""

    def follow(self, plan: Plan) -> None:
        """Take over a plan with other takes of chunks that are not added yet."""
        self._plan = plan

    async def add(
        self, count: int, tags: AudioTags | None = None, pictures: Pictures = _NO_PICTURES
    ) -> None:
        """Add the next chunks, all of which are in the cache; with the last ones come the tags.

        `pictures` are those of the chapters.

        Errors: DamagedChunks and PlanOutdated, before any is added; EncoderCrashed, NarrationLost,
        LoudnessMissed, StorageError.
        """
        chunks = self._plan.draft.chunks[self.added : self.added + count]
        takes = [
            take_of(self._plan, self.added + place, self._cache) for place in range(len(chunks))
        ]
        try:
            chapters = chapters_at_takes(self._plan, pictures) if tags else []
            level = ALL_AT_ONCE if self.added else self._level.estimate(self._plan, count)
            heard = await self._narration.add(takes, tags, chapters, level)
        except DamagedTakes as damaged:
            raise DamagedChunks([self.added + place for place in damaged.places]) from damaged
        except SoundFileChanged as changed:
            raise PlanOutdated(changed.problem, changed.remedy) from changed
        for chunk, take, times in zip(chunks, takes, heard, strict=True):
            self._note(chunk, round(times.start_s, 3), round(times.end_s, 3))
            self._sentences.add(chunk, take, times)
            self._times.append((times.start_s, times.end_s))
        self.added += count

    @property
    def knows_voice(self) -> bool:
        """True if it can tell how loud the narration will be, or need not."""
        return self._level.knows(self._plan)

    @property
    def encoded(self) -> EncodedNarration:
        """The narration, once its last chunks are added."""
        duration_s = self._narration.duration_s
        chapters = heard_chapters(self._plan, self._starts_s, duration_s)
        blocks, sentences = tuple(self._blocks), self._sentences.sentences
        return EncodedNarration(
            self._audio,
            tuple(self._transcripts),
            duration_s,
            blocks,
            chapters,
            sentences,
            self._times,
        )

    def discard(self) -> None:
        """Have everything removed that was encoded; does nothing once it is complete."""
        self._narration.discard()

    def _note(self, chunk: Chunk, start_s: float, end_s: float) -> None:
        if chunk.line == self._line:  # one entry for each line of the script
            self._blocks[-1] = replace(self._blocks[-1], end_s=end_s)
        else:
            text = chunk.text[:BEGINNING_CHARACTERS]
            self._starts_s[chunk.line] = start_s
            self._blocks.append(BlockTime(chunk.block, chunk.role, text, start_s, end_s))
        self._line = chunk.line


def take_of(plan: Plan, seq: int, cache: TakeCache) -> TakeToAdd:
    """The take of one chunk, as an encoder reads it."""
    chunk = plan.draft.chunks[seq]
    path = str(cache.path(plan.keys[seq]))
    return TakeToAdd(
        path,
        chunk.text,
        chunk.pause_s,
        plan.draft.speed(chunk),
        chunk.speaker,
        take_sentences(chunk),
    )


def _encoding_settings(plan: Plan) -> EncodingSettings:
    """Build an encoder's settings from those of a plan."""
    output, digests = plan.output, plan.sound_digests
    intro, outro = (
        SoundFile(path, digests[key]) if key in digests else None
        for key, path in output.sounds.items()
    )
    lufs = None if output.loudness is False else float(output.loudness)
    channels = _CHANNELS[output.channels]
    return EncodingSettings(lufs, output.peak, channels, intro, outro, output.transcript)
